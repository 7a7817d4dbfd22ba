"""The small shapes of pages, what a conversation shows, and that every text of the pages is in the catalogue."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import services.gateway
from services.common.images import ImageLinks
from services.domain.message import AuthorKind, Message, Visibility
from services.gateway.web.conversation import Kind, Sending, conversation
from services.gateway.web.shapes import age, file_size, initials, linked

NOW = datetime(2030, 1, 10, 12, tzinfo=UTC)
GATEWAY = Path(services.gateway.__file__).parent
IMAGES = ImageLinks(b"k" * 32)


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=5), "< 1 min"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=-3), "3 h"),
        (timedelta(days=12), "12 d"),
        (timedelta(days=40), "1 Dec 2029"),
    ],
)
def test_an_age_has_one_unit(ago: timedelta, told: str) -> None:
    assert age(NOW - ago, NOW) == told


@pytest.mark.parametrize(("size", "told"), [(0, "0 bytes"), (1500, "2 KB"), (12_300_000, "12.3 MB")])
def test_a_size_is_for_people(size: int, told: str) -> None:
    assert file_size(size) == told


@pytest.mark.parametrize(("name", "told"), [("Ann Bee", "AB"), ("ann", "A"), ("", "?"), ("<b> x", "X")])
def test_initials_are_letters(name: str, told: str) -> None:
    assert initials(name) == told


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a <b> & c", "a &lt;b&gt; &amp; c"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        (
            "see https://x.example/a?b=1&c=2.",
            'see <a href="https://x.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">'
            "https://x.example/a?b=1&amp;c=2</a>.",
        ),
    ],
)
def test_plain_text_has_links_and_no_markup(text: str, html: str) -> None:
    assert linked(text) == html


def said(
    *, author: AuthorKind = AuthorKind.AGENT, visibility: Visibility = Visibility.PUBLIC, seconds_ago: int = 0
) -> Message:
    created_at = NOW - timedelta(seconds=seconds_ago)
    return Message(uuid4(), UUID(int=1), visibility, author, "id", "Ann", "words", created_at, "", "", ())


@pytest.mark.parametrize(
    ("message", "kind", "sending"),
    [
        (said(author=AuthorKind.CUSTOMER), Kind.CUSTOMER, None),
        (said(visibility=Visibility.INTERNAL), Kind.NOTE, None),
        (said(seconds_ago=1), Kind.REPLY, Sending.UNDOABLE),
        (said(seconds_ago=60), Kind.REPLY, Sending.WAITING),
    ],
)
def test_a_message_says_whose_it_is_and_where_its_mail_is(
    message: Message, kind: Kind, sending: Sending | None
) -> None:
    (shown,) = conversation([message], [], undo_seconds=5, now=NOW, images=IMAGES).newest
    assert (shown.kind, shown.sending) == (kind, sending)


def test_a_long_conversation_folds_its_middle() -> None:
    found = conversation([said() for _ in range(20)], [], undo_seconds=5, now=NOW, images=IMAGES)
    assert (len(found.first), len(found.folded), len(found.newest)) == (1, 13, 6)


def test_every_text_of_the_pages_is_in_the_catalogue() -> None:
    catalogue = read_po(BytesIO((GATEWAY / "locale" / "messages.pot").read_bytes()))
    found = extract_from_dir(
        GATEWAY / "web" / "templates",
        method_map=[("**.html", "jinja2")],
        options_map={"**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
    )
    texts = {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}
    kept = {each.id[0] if isinstance(each.id, tuple | list) else each.id for each in catalogue if each.id}
    assert texts == kept, "run make messages"
