"""Customer links: exact, fresh, of one ticket, person, answer and status."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.common.links import LinkSigner
from services.domain.errors import InvalidTransition, NotFound
from services.domain.links import Consequence, CustomerAnswer, CustomerLink, judge_answer
from services.domain.ticket import TicketStatus
from tests.unit.factories import DAY, NOON

SIGNER = LinkSigner(b"k" * 32, public_url="https://desk.example/")
LINK = CustomerLink(UUID(int=1), UUID(int=2), CustomerAnswer.SOLVED, 7, NOON)
JUST_BEFORE = NOON - timedelta(seconds=1)


def test_a_link_is_what_was_signed_until_it_expires() -> None:
    token = SIGNER.token(LINK)
    assert SIGNER.url(LINK) == f"https://desk.example/answer/{token}"
    assert SIGNER.verify(token, now=JUST_BEFORE) == LINK
    with pytest.raises(NotFound):
        SIGNER.verify(token, now=NOON)


def test_any_other_text_is_no_link() -> None:
    token = SIGNER.token(LINK)
    changed = [
        token[:index] + ("A" if token[index] != "A" else "B") + token[index + 1 :] for index in range(len(token))
    ]
    for text in ["", "ž", "=", token[:-1], token[1:], token + "=", token + "AAAA", f" {token}", token[:-4], *changed]:
        with pytest.raises(NotFound):
            SIGNER.verify(text, now=JUST_BEFORE)


@pytest.mark.parametrize(
    "other",
    [
        {"ticket_id": UUID(int=3)},
        {"contact_id": UUID(int=3)},
        {"answer": CustomerAnswer.NOT_SOLVED},
        {"status_epoch": 8},
    ],
)
def test_each_ticket_person_answer_and_status_has_a_link_of_its_own(other: dict[str, object]) -> None:
    assert SIGNER.token(replace(LINK, **other)) != SIGNER.token(LINK)  # type: ignore[arg-type]


def test_another_key_signs_no_link_of_ours() -> None:
    with pytest.raises(NotFound):
        LinkSigner(b"x" * 32, public_url="").verify(SIGNER.token(LINK), now=JUST_BEFORE)


@pytest.mark.parametrize(
    ("answer", "status", "age", "consequence"),
    [
        (CustomerAnswer.SOLVED, TicketStatus.PENDING, 0, Consequence.RESOLVE),
        (CustomerAnswer.SOLVED, TicketStatus.RESOLVED, 0, Consequence.NOTHING),
        (CustomerAnswer.SOLVED, TicketStatus.CLOSED, 0, Consequence.NOTHING),
        (CustomerAnswer.NOT_SOLVED, TicketStatus.PENDING, 0, Consequence.OPEN),
        (CustomerAnswer.NOT_SOLVED, TicketStatus.RESOLVED, 3, Consequence.REOPEN),
        (CustomerAnswer.NOT_SOLVED, TicketStatus.RESOLVED, 4, Consequence.FOLLOW_UP),
        (CustomerAnswer.NOT_SOLVED, TicketStatus.CLOSED, 0, Consequence.FOLLOW_UP),
    ],
)
def test_what_an_answer_does(answer: CustomerAnswer, status: TicketStatus, age: int, consequence: Consequence) -> None:
    given = {"status_since": NOON, "auto_close_after": 4 * DAY, "now": NOON + age * DAY}
    assert judge_answer(answer, status, went_back=False, **given) is consequence  # type: ignore[arg-type]
    with pytest.raises(InvalidTransition):
        judge_answer(answer, status, went_back=True, **given)  # type: ignore[arg-type]
