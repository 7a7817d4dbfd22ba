"""Remote pictures: what is fetched for a reader, by which token, and how a message shows them."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

import pytest

from services.common.images import LIFETIME, ImageLinks
from services.common.outbound import is_public
from services.domain.errors import NotFound
from services.domain.html import sanitize_html
from services.domain.images import image_type
from services.domain.message import Attachment, AuthorKind, Message, Visibility
from services.gateway.web.html import display_html, has_remote_images

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINKS = ImageLinks(b"k" * 32)
PHOTO = Attachment(UUID(int=5), "a.png", "image/png", 3, "photo@x")


def message(html: str, *files: Attachment) -> Message:
    words = (Visibility.PUBLIC, AuthorKind.CUSTOMER, "cleo", "Cleo", "body", NOW, "")
    return Message(UUID(int=1), UUID(int=2), *words, sanitize_html(html), files)


def shown(html: str, *, images: bool) -> str:
    return display_html(message(html, PHOTO), images=images, links=LINKS)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        *((address, False) for address in ("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1")),
        *((address, False) for address in ("169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "255.255.255.255")),
        *((address, False) for address in ("192.0.0.8", "192.88.99.1")),
        *((address, False) for address in ("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "fec0::1")),
        *((address, False) for address in ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1")),
        *((address, False) for address in ("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1")),
    ],
)
def test_only_addresses_of_the_public_internet_are_asked(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a,", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)
def test_a_picture_is_told_by_its_bytes_and_a_drawing_that_can_run_is_none(content: bytes, kind: str) -> None:
    assert image_type(content) == kind


def test_a_token_stands_for_one_address_for_half_a_day() -> None:
    url = "https://e.example/ä.png?a=1&b=2"
    token = LINKS.path(url, message_id=UUID(int=1), now=NOW).removeprefix("/images/")
    assert LINKS.verify(token, now=NOW + timedelta(hours=11)) == url
    other = ImageLinks(b"x" * 32).path(url, message_id=UUID(int=1), now=NOW).removeprefix("/images/")
    flipped = token[:50] + ("A" if token[50] != "A" else "B") + token[51:]
    for wrong in (other, flipped, token[:-4], "", "ä", "https://e.example/", "A" * 400):
        with pytest.raises(NotFound):
            LINKS.verify(wrong, now=NOW)
    with pytest.raises(NotFound):
        LINKS.verify(token, now=NOW + LIFETIME)
    assert LINKS.path("https://e.example/" + "a" * 2000, message_id=UUID(int=1)) == ""


def test_remote_pictures_are_blocked_until_they_are_asked_for() -> None:
    html = '<p>Hi <img src="https://e.example/pixel?a=1&amp;b=2" alt="x>y"></p>'
    assert (
        shown(html, images=False)
        == '<p>Hi <img data-remote-src="https://e.example/pixel?a=1&amp;b=2" alt="x&gt;y"></p>'
    )
    asked = shown(html, images=True)
    assert "e.example" not in asked
    assert asked.startswith('<p>Hi <img src="/images/')
    token = asked.split('"')[1].removeprefix("/images/")
    assert LINKS.verify(token, now=datetime.now(UTC)) == "https://e.example/pixel?a=1&b=2"
    assert has_remote_images(message(html))
    assert not has_remote_images(message("<img src='cid:photo@x'>"))


@pytest.mark.parametrize("images", [True, False])
def test_the_pictures_of_a_mail_come_from_us_and_a_missing_one_asks_for_nothing(images: bool) -> None:
    html = "<img src='cid:photo@x'><img src='CID:photo%40x'><img src='cid:other'><img src='data:image/png;base64,AA=='>"
    assert shown(html, images=images) == (
        f'<img src="/attachments/{PHOTO.id}"><img src="/attachments/{PHOTO.id}"><img>'
        '<img src="data:image/png;base64,AA==">'
    )


@pytest.mark.parametrize(
    "html",
    [
        "<script>x()</script>",
        "<img src='/images/x'>",
        "<img src='shown-x:/images/x'>",
        "<img src='//e.example/x'>",
        "<img data-remote-src='javascript:x()'>",
        "<a href='/images/x'>a</a>",
        '&lt;img data-remote-src="https://e.example/"',
        "<svg><image href='https://e.example/'/></svg>",
        "<div style='background:url(https://e.example/)' onclick='x()' hx-get='/x' class='a' id='b'>words</div>",
    ],
)
def test_showing_pictures_lets_nothing_else_through(html: str) -> None:
    for images in (True, False):
        assert shown(html, images=images) == sanitize_html(html)
