"""Reply addresses: bound to a ticket and a person, nothing to be guessed, and short enough to be written to."""

from uuid import UUID

import pytest

from services.domain.reply_address import ReplyAddresses, read_tag, without_tag

ADDRESSES = ReplyAddresses(b"k" * 32)
TICKET = UUID(int=7)


def make(where: str = "support@shop.example", *, person: str = "ann@example.com", number: int = 42) -> str:
    return ADDRESSES.make(where, number=number, ticket_id=TICKET, person=person)


def test_an_address_leads_its_person_to_its_ticket() -> None:
    address = make()
    assert address.startswith("support+t42-")
    assert address.endswith("@shop.example")
    for written in (address, address.upper(), f" {address}\n"):
        tag = read_tag(written)
        assert tag is not None
        assert tag.number == 42
        assert ADDRESSES.verify(tag, ticket_id=TICKET, person="Ann@Example.com")
        assert not ADDRESSES.verify(tag, ticket_id=UUID(int=8), person="ann@example.com")
        assert not ADDRESSES.verify(tag, ticket_id=TICKET, person="bob@example.com")
        assert not ReplyAddresses(b"q" * 32).verify(tag, ticket_id=TICKET, person="ann@example.com")


def test_the_code_has_a_hundred_bits() -> None:
    tag = read_tag(make())
    assert tag is not None
    assert len(tag.code) * 5 == 100
    assert tag.code not in make(person="bob@example.com")


def test_every_changed_or_missing_letter_breaks_it() -> None:
    local, _, domain = make().partition("@")
    for index in range(local.index("-") + 1, len(local)):
        for changed in (local[:index] + ("b" if local[index] != "b" else "c") + local[index + 1 :], local[:index]):
            tag = read_tag(f"{changed}@{domain}")
            assert tag is None or not ADDRESSES.verify(tag, ticket_id=TICKET, person="ann@example.com")


@pytest.mark.parametrize(
    "address",
    ["", "support@shop.example", "support+42@shop.example", "support+t42-@x", "support+tx-" + "a" * 20 + "@x", "[#42]"],
)
def test_other_addresses_have_no_tag(address: str) -> None:
    assert read_tag(address) is None


def test_a_local_part_has_at_most_64_octets() -> None:
    tag = len("+t42-") + 20
    assert len(make("s" * (64 - tag) + "@shop.example").partition("@")[0]) == 64
    assert make("s" * (65 - tag) + "@shop.example") == ""


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("Support@Shop.example", "support@shop.example"),
        ("support+t42-x@shop.example", "support@shop.example"),
        ("help+desk+t42-x@shop.example", "help+desk@shop.example"),
        ("+x@shop.example", "+x@shop.example"),
    ],
)
def test_without_its_tag_an_address_is_the_brands(address: str, base: str) -> None:
    assert without_tag(address) == base
