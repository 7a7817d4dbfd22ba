"""Organisations: whose people are whose, at first and when domains change, and what is no domain of anybody's."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, NotFound
from services.domain.organisations import Organisation, OrganisationFields
from services.tickets.store.decisions import get_for_decision
from tests.contract.tickets.desk import ADMIN, AGENT, MAIL, Desk, customer


async def make(desk: Desk, name: str = "Acme", *domains: str) -> Organisation:
    return await (await desk.organisations()).create_organisation(OrganisationFields(name, domains))


async def organisation_of(desk: Desk, ticket_id: UUID) -> UUID | None:
    return (await (await desk.client()).get_ticket(ticket_id)).requester.organisation_id


async def test_people_belong_to_the_organisation_of_their_domain_from_their_first_word(desk: Desk) -> None:
    acme = await make(desk, "Acme", "acme.example")
    inside = await desk.new_ticket(requester_email="ann@ACME.example")
    assert inside.requester.organisation_id == acme.id
    for elsewhere in ("ann@sub.acme.example", "ann@notacme.example", "ann@acme.example.org"):
        assert (await desk.new_ticket(requester_email=elsewhere)).requester.organisation_id is None
    client = await desk.client()
    for filter_ in ("organisation:acme", f"organisation:{acme.id}", "-organisation:none"):
        assert [one.id for one in (await client.list_tickets(filter=filter_))[0]] == [inside.id]
    async with desk.database.transaction() as conn:
        assert (await get_for_decision(conn, inside.id)).ticket.organisation_id == acme.id
    contact = await (await desk.client(ADMIN)).create_contact("ben@acme.example")
    assert contact.organisation_id == acme.id


async def test_changed_domains_place_who_wrote_before_and_have_their_tickets_looked_at(desk: Desk) -> None:
    before = await desk.new_ticket(requester_email="ann@acme.example")
    await desk.rows("DELETE FROM outbox")
    acme, organisations = await make(desk, "Acme", "@Acme.example"), await desk.organisations()
    assert acme.domains == ("acme.example",)
    assert await organisation_of(desk, before.id) == acme.id
    assert (await desk.outbox(before.id))["rank"] == 4
    changed = await organisations.update_organisation(acme.id, {"domains": ("acme.test",)}, expected_version=1)
    assert (changed.domains, changed.version) == (("acme.test",), 2)
    assert await organisation_of(desk, before.id) is None
    with pytest.raises(Conflict):
        await organisations.update_organisation(acme.id, {"name": "Old"}, expected_version=1)
    await organisations.update_organisation(acme.id, {"domains": ("acme.example",)})
    await organisations.delete_organisation(acme.id)
    assert await organisation_of(desk, before.id) is None
    with pytest.raises(NotFound):
        await organisations.get_organisation(acme.id)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"domains": ("gmail.com", "acme.example")}, "gmail.com: anybody"),
        ({"domains": ("acme",)}, None),
        ({"domains": ("a b",)}, "domains"),
        ({"domains": ("ann@acme.example",)}, "domains"),
        ({"domains": tuple(f"a{number}.example" for number in range(51))}, "at most 50"),
    ],
)
async def test_what_is_no_domain_of_one_organisation_is_refused(
    desk: Desk, said: dict[str, Any], wrong: str | None
) -> None:
    organisations = await desk.organisations()
    fields = OrganisationFields(**({"name": "Acme"} | said))
    if wrong is None:
        assert (await organisations.create_organisation(fields)).domains == ("acme",)
        return
    with pytest.raises(Invalid, match=wrong):
        await organisations.create_organisation(fields)


async def test_a_domain_and_a_name_belong_to_one_organisation_and_only_admins_say_so(desk: Desk) -> None:
    acme = await make(desk, "Acme", "acme.example")
    with pytest.raises(AlreadyExists, match="domains"):
        await make(desk, "Other", "acme.example")
    with pytest.raises(AlreadyExists, match="name"):
        await make(desk, "ACME")
    ticket = await desk.new_ticket()
    for principal in (AGENT, MAIL, customer(ticket)):
        organisations = await desk.organisations(principal)
        with pytest.raises(Forbidden):
            await organisations.create_organisation(OrganisationFields("Mine"))
        with pytest.raises(Forbidden):
            await organisations.delete_organisation(acme.id)
    with pytest.raises(Forbidden):
        await (await desk.organisations(customer(ticket))).list_organisations()
    assert [one.name for one in await (await desk.organisations(AGENT)).list_organisations()] == ["Acme"]
    with pytest.raises(NotFound):
        await (await desk.organisations(ADMIN)).update_organisation(uuid4(), {"name": "Nothing"})
