"""Which messages hold a reply."""

from uuid import uuid4

import pytest

from services.domain.errors import InvalidTransition
from services.domain.held import LaterMessage, check_held, may_be_held, newer_messages
from services.domain.message import AuthorKind, NewMessage, Visibility

ME, OLGA, CLEO = "me", "olga", "cleo"
AGENT, CUSTOMER = AuthorKind.AGENT, AuthorKind.CUSTOMER


@pytest.mark.parametrize(
    ("author_kind", "author_id", "withdrawn", "counts"),
    [
        (CUSTOMER, CLEO, False, True),
        (AGENT, OLGA, False, True),
        (AGENT, OLGA, True, False),
        (AGENT, ME, False, False),
        (CUSTOMER, ME, False, True),
    ],
)
def test_others_words_count_unless_they_were_taken_back(
    author_kind: AuthorKind, author_id: str, withdrawn: bool, counts: bool
) -> None:
    message = LaterMessage(uuid4(), author_kind, author_id, withdrawn)
    assert bool(newer_messages([message], author_id=ME)) is counts


@pytest.mark.parametrize(
    ("visibility", "author_kind", "seen_seq", "send_anyway", "held"),
    [
        (Visibility.PUBLIC, AGENT, 3, False, True),
        (Visibility.PUBLIC, AGENT, 3, True, False),
        (Visibility.PUBLIC, AGENT, 0, False, False),
        (Visibility.PUBLIC, AGENT, -1, False, False),
        (Visibility.INTERNAL, AGENT, 3, False, False),
        (Visibility.PUBLIC, CUSTOMER, 3, False, False),
    ],
)
def test_only_a_public_reply_of_the_staff_that_asks_is_held(
    visibility: Visibility, author_kind: AuthorKind, seen_seq: int, send_anyway: bool, held: bool
) -> None:
    new = NewMessage(visibility, "words", seen_seq=seen_seq, send_anyway=send_anyway)
    assert may_be_held(new, author_kind) is held


def test_the_refusal_says_how_many_and_which_is_first() -> None:
    messages = [LaterMessage(uuid4(), CUSTOMER, CLEO, False), LaterMessage(uuid4(), AGENT, OLGA, False)]
    with pytest.raises(InvalidTransition, match="2 newer messages") as error:
        check_held(messages, author_id=ME)
    assert error.value.metadata == {"count": "2", "first_message_id": str(messages[0].id)}
