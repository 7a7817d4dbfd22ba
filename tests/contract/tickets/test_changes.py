"""Changes by hand: allowed or refused with the reason, told as one event each, or as none."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from duradesk.tickets.v1 import ticket_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.domain.errors import Conflict, Forbidden, Invalid, InvalidTransition
from services.domain.ticket import EventKind, FieldChange, Priority, Ticket, TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.contract.tickets.desk import ADMIN, AGENT, Desk, customer

S = TicketStatus


@pytest.fixture
async def client(desk: Desk) -> TicketsClient:
    return await desk.client()


async def last_event(desk: Desk, ticket: Ticket) -> Any:
    return (await (await desk.client()).list_events(ticket.id))[0][-1]


async def test_several_fields_are_one_event_with_old_and_new(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket(tags=("a",))
    changes = {"priority": Priority.HIGH, "tags": ("a", "b"), "subject": " New\nname ", "type": ""}
    updated = await client.update_ticket(ticket.id, changes)
    event = await last_event(desk, ticket)
    assert (updated.priority, updated.tags, updated.subject) == (Priority.HIGH, ("a", "b"), "New name")
    assert (event.kind, event.actor, event.seq, updated.version) == (EventKind.TICKET_UPDATED, AGENT.subject, 2, 2)
    assert set(event.changes) == {
        FieldChange("priority", '"normal"', '"high"'),
        FieldChange("tags", '["a"]', '["a", "b"]'),
        FieldChange("subject", '"Printer"', '"New name"'),
    }
    assert (await desk.outbox(ticket.id))["rank"] == 1


async def test_no_real_change_is_no_event_and_no_nudge(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    wakeups = desk.wakeups.count
    assert await client.update_ticket(ticket.id, {"subject": "Printer", "status": S.NEW}) == ticket
    assert await client.assign_ticket(ticket.id, assignee_id=None) == ticket
    assert desk.wakeups.count == wakeups


async def test_old_version_is_a_conflict_that_names_the_present_one(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    await client.update_ticket(ticket.id, {"type": "question"}, expected_version=1)
    with pytest.raises(Conflict, match="at version 2, not 1"):
        await client.update_ticket(ticket.id, {"type": "incident"}, expected_version=1)


async def test_repeated_change_answers_the_present_state_whatever_its_version(
    desk: Desk, client: TicketsClient
) -> None:
    ticket = await desk.new_ticket()
    await client.update_ticket(ticket.id, {"type": "question"}, expected_version=1, request_id="u1")
    later = await client.resolve_ticket(ticket.id)
    again = await client.update_ticket(ticket.id, {"type": "question"}, expected_version=1, request_id="u1")
    assert again == later


@pytest.mark.parametrize("field", ["number", "assignee_id", "version", "nonsense", ""])
async def test_what_cannot_be_changed_is_refused_with_what_can(desk: Desk, client: TicketsClient, field: str) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Invalid, match="subject, status, priority, type, tags, custom_fields"):
        await client.update_ticket(ticket.id, {field: 7} if field else {})


async def test_an_enum_that_is_named_must_be_said(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    request = pb.UpdateTicketRequest(
        ticket_id=str(ticket.id), update_mask=FieldMask(paths=["status"]), ticket=ticket_pb2.Ticket()
    )
    with pytest.raises(Invalid, match="status must be said"):
        await (await desk.stub()).UpdateTicket(request)


@pytest.mark.parametrize("wrong", [{"subject": " "}, {"tags": ("a b",)}, {"type": "x" * 51}])
async def test_update_is_checked_as_a_new_ticket_is(desk: Desk, client: TicketsClient, wrong: dict[str, Any]) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Invalid):
        await client.update_ticket(ticket.id, wrong)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (S.NEW, S.OPEN, EventKind.TICKET_UPDATED),
        (S.OPEN, S.ON_HOLD, EventKind.TICKET_UPDATED),
        (S.PENDING, S.RESOLVED, EventKind.TICKET_RESOLVED),
        (S.RESOLVED, S.CLOSED, EventKind.TICKET_CLOSED),
        (S.RESOLVED, S.OPEN, EventKind.TICKET_REOPENED),
        (S.CLOSED, S.OPEN, EventKind.TICKET_REOPENED),
    ],
)
async def test_status_by_hand_is_the_event_of_the_act(
    desk: Desk, before: TicketStatus, after: TicketStatus, kind: EventKind
) -> None:
    client = await desk.client(ADMIN)
    ticket = await desk.new_ticket()
    if before is not S.NEW:
        ticket = await client.update_ticket(ticket.id, {"status": before})
    updated = await client.update_ticket(ticket.id, {"status": after, "type": "question"})
    event = await last_event(desk, ticket)
    assert (event.kind, updated.status, updated.type) == (kind, after, "question")
    assert updated.status_since == event.effective_at
    reopened = kind is EventKind.TICKET_REOPENED
    assert str(updated.assignee_id) == (ADMIN.subject if reopened else "None")


async def test_forbidden_status_is_refused_with_the_allowed_ones(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    await client.update_ticket(ticket.id, {"status": S.OPEN})
    with pytest.raises(InvalidTransition, match="can become pending, on_hold, resolved, closed"):
        await client.update_ticket(ticket.id, {"status": S.NEW})


async def test_closed_ticket_is_reopened_only_with_the_second_permission(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    await client.close_ticket(ticket.id)
    with pytest.raises(Forbidden, match=r"tickets\.reopen_closed"):
        await client.reopen_ticket(ticket.id)
    with pytest.raises(Forbidden, match=r"tickets\.reopen_closed"):
        await client.update_ticket(ticket.id, {"status": S.OPEN})
    reopened = await (await desk.client(ADMIN)).reopen_ticket(ticket.id)
    assert (reopened.status, str(reopened.assignee_id)) == (S.OPEN, ADMIN.subject)


async def test_customer_resolves_and_reopens_and_the_assignee_stays(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    await client.assign_ticket(ticket.id, assignee_id=(somebody := uuid4()))
    own = await desk.client(customer(ticket))
    assert (await own.resolve_ticket(ticket.id)).status is S.RESOLVED
    reopened = await own.reopen_ticket(ticket.id)
    assert (reopened.status, reopened.assignee_id) == (S.OPEN, somebody)
    event = await last_event(desk, ticket)
    assert (event.kind, event.actor) == (EventKind.TICKET_REOPENED, str(ticket.requester.id))


async def test_settling_twice_changes_nothing_more(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    resolved = await client.resolve_ticket(ticket.id)
    assert await client.resolve_ticket(ticket.id) == resolved
    closed = await client.close_ticket(ticket.id)
    assert await client.close_ticket(ticket.id) == closed
    assert closed.version == 3


async def test_what_the_status_does_not_allow_is_refused(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(InvalidTransition, match="cannot be reopened"):
        await client.reopen_ticket(ticket.id)
    await client.close_ticket(ticket.id)
    with pytest.raises(InvalidTransition, match="cannot be resolved"):
        await client.resolve_ticket(ticket.id)
    with pytest.raises(InvalidTransition, match="cannot be assigned"):
        await client.assign_ticket(ticket.id, assignee_id=uuid4())


async def test_assigning_keeps_the_team_unless_one_is_said(desk: Desk, client: TicketsClient) -> None:
    ticket, agent, team = await desk.new_ticket(), uuid4(), uuid4()
    cases: list[tuple[dict[str, Any], tuple[Any, Any]]] = [
        ({"assignee_id": agent, "team_id": team}, (agent, team)),
        ({"assignee_id": None}, (None, team)),
        ({"assignee_id": agent, "team_id": None}, (agent, None)),
    ]
    for arguments, expected in cases:
        assigned = await client.assign_ticket(ticket.id, **arguments)
        assert (assigned.assignee_id, assigned.team_id) == expected
    event = await last_event(desk, ticket)
    assert event.kind is EventKind.TICKET_ASSIGNED
    assert event.changes == (
        FieldChange("assignee_id", "null", f'"{agent}"'),
        FieldChange("team_id", f'"{team}"', "null"),
    )


async def test_malformed_assignee_is_told_by_field(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Invalid) as caught:
        await (await desk.stub()).AssignTicket(pb.AssignTicketRequest(ticket_id=str(ticket.id), assignee_id="me"))
    assert list(caught.value.violations) == ["assignee_id"]


async def test_request_id_belongs_to_one_method_and_caller(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    await client.resolve_ticket(ticket.id, request_id="x")
    assert (await client.close_ticket(ticket.id, request_id="x")).status is S.CLOSED
    admin = await desk.client(ADMIN)
    assert (await admin.reopen_ticket(ticket.id, request_id="x")).status is S.OPEN
    assert (await admin.resolve_ticket(ticket.id, request_id="x")).status is S.RESOLVED


async def test_of_writers_that_expect_one_version_one_wins(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket()
    results = await asyncio.gather(
        *(client.update_ticket(ticket.id, {"type": str(n)}, expected_version=1) for n in range(6)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == [*["Conflict"] * 5, "Ticket"]


async def test_nudge_of_a_signalled_ticket_keeps_that_it_was_signalled(desk: Desk, client: TicketsClient) -> None:
    ticket = await desk.new_ticket(priority=Priority.LOW)
    await desk.rows("UPDATE outbox SET signalled_at = clock_timestamp()")
    await client.update_ticket(ticket.id, {"priority": Priority.URGENT})
    row = await desk.outbox(ticket.id)
    assert (row["seq"], row["rank"], row["signalled_at"] is None) == (2, 0, False)
