"""Who may do what to which ticket: what is not for the caller does not exist, and the rightful caller succeeds."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from duradesk.tickets.v1 import (
    broadcast_service_pb2,
    bulk_service_pb2,
    decision_pb2,
    desk_service_pb2,
    family_service_pb2,
    merge_service_pb2,
    queue_service_pb2,
    rule_run_service_pb2,
    ticket_service_pb2,
)
from google.protobuf.json_format import MessageToJson
from google.protobuf.message_factory import GetMessageClass

from services.common.channel import responses
from services.common.wire import to_message
from services.domain.errors import DuradeskError, Forbidden, NotFound
from services.domain.links import CustomerAnswer
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import Ticket
from services.tickets.client.tickets import TicketsClient
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, Desk, customer, new_message, new_ticket
from tests.unit.factories import make_facts, make_ticket

CANARY = "canary-5f1c"

# Who may call what, written down a second time: a slip in the proto's options shows here.
ADMINS = {Role.OWNER, Role.ADMIN}
AGENTS = ADMINS | {Role.AGENT}
INSPECTORS = AGENTS | {Role.LIGHT_AGENT}
SERVED = {
    "CreateTicket": AGENTS | {Role.CUSTOMER, Role.SERVICE},
    "GetTicket": set(Role),
    "ListTickets": set(Role),
    "CountTickets": set(Role),
    "UpdateTicket": AGENTS,
    "AssignTicket": AGENTS,
    "ResolveTicket": INSPECTORS | {Role.CUSTOMER},
    "CloseTicket": AGENTS,
    "ReopenTicket": AGENTS | {Role.CUSTOMER},
    "SnoozeTicket": INSPECTORS,
    "WakeTicket": INSPECTORS,
    "CreateMessage": set(Role),
    "ListMessages": set(Role),
    "GetAttachment": set(Role),
    "UndoMessage": INSPECTORS,
    "AnswerTicket": {Role.CUSTOMER},
    "ListDeliveries": INSPECTORS,
    "RepeatDelivery": AGENTS,
    "ListEvents": INSPECTORS,
    "ListDues": INSPECTORS,
    "GetDecision": INSPECTORS,
    "ReadFacts": INSPECTORS,
    "FindThread": {Role.SERVICE},
    "QuarantineItem": {Role.SERVICE},
    "ListQuarantine": ADMINS,
    "GetQuarantinedItem": ADMINS,
    "ReleaseQuarantinedItem": ADMINS,
    "RetryQuarantinedItem": ADMINS,
    "DeleteQuarantinedItem": ADMINS,
    "ClaimQuarantinedItem": {Role.SERVICE},
    "FinishQuarantinedItem": {Role.SERVICE},
    "RecordMailReport": {Role.SERVICE},
    "ListMailReports": INSPECTORS,
    "ListCcProposals": INSPECTORS,
    "CreateContact": ADMINS,
    "ListBrands": INSPECTORS | {Role.SERVICE},
    "CreateBrand": ADMINS,
    "UpdateBrand": ADMINS,
    "WatchEvents": set(Role),
    "TouchPresence": INSPECTORS,
    "ListPresence": INSPECTORS,
    "SaveDraft": INSPECTORS,
    "GetDraft": INSPECTORS,
    "DeleteDraft": INSPECTORS,
    "ChangeTickets": INSPECTORS,
    "GetBulkJob": INSPECTORS,
    "CancelBulkJob": INSPECTORS,
    "UndoBulkJob": INSPECTORS,
    "ClaimBulkJobs": {Role.SERVICE},
    "RunBulkPage": {Role.SERVICE},
    "GetQueuePlace": INSPECTORS,
    "ListLoads": ADMINS,
    "ListWaiting": ADMINS,
    "ListQueues": {Role.SERVICE},
    "NudgeQueues": {Role.SERVICE},
    "ListRuleRuns": INSPECTORS | {Role.SERVICE},
    "SetParent": AGENTS,
    "RemoveParent": AGENTS,
    "GroupTickets": AGENTS,
    "ListRelatives": INSPECTORS,
    "ListChildren": INSPECTORS,
    "GetFamily": INSPECTORS,
    "SetFamilyPolicy": AGENTS,
    "PreviewSettle": INSPECTORS,
    "GetCascade": INSPECTORS,
    "UndoCascade": AGENTS,
    "RetryCascade": AGENTS,
    "RunCascadePage": {Role.SERVICE},
    "StartBroadcast": AGENTS,
    "ListBroadcasts": INSPECTORS,
    "MergeTicket": AGENTS,
    "PreviewMerge": AGENTS,
    "MergeTickets": AGENTS,
    "UnmergeTicket": AGENTS,
    "SplitMessage": AGENTS,
    "MarkDuplicate": AGENTS,
    "UnmarkDuplicate": AGENTS,
    "MarkSpam": AGENTS,
    "UnmarkSpam": AGENTS,
}
METHODS = [
    method
    for file in (
        ticket_service_pb2,
        desk_service_pb2,
        bulk_service_pb2,
        family_service_pb2,
        merge_service_pb2,
        broadcast_service_pb2,
        queue_service_pb2,
        rule_run_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]

Call = Callable[[TicketsClient, UUID], Awaitable[Any]]
ON_A_TICKET: dict[str, Call] = {
    "GetTicket": lambda client, ticket: client.get_ticket(ticket),
    "ListMessages": lambda client, ticket: client.list_messages(ticket),
    "ListEvents": lambda client, ticket: client.list_events(ticket),
    "ListCcProposals": lambda client, ticket: client.list_cc_proposals(ticket),
    "ListMailReports": lambda client, ticket: client.list_mail_reports(ticket),
    "ListDues": lambda client, ticket: client.list_dues(ticket),
    "GetDecision": lambda client, ticket: client.get_decision(ticket, UUID(int=7)),
    "ReadFacts": lambda client, ticket: client.read_facts(ticket_id=ticket, decision_id=UUID(int=7)),
    "ListDeliveries": lambda client, ticket: client.list_deliveries(ticket_id=ticket),
    "AnswerTicket": lambda client, ticket: client.answer_ticket(
        ticket, CustomerAnswer.SOLVED, status_epoch=1, request_id="a"
    ),
    "CreateMessage": lambda client, ticket: client.create_message(ticket, new_message()),
    "UpdateTicket": lambda client, ticket: client.update_ticket(ticket, {"type": "question"}),
    "ResolveTicket": lambda client, ticket: client.resolve_ticket(ticket),
    "ReopenTicket": lambda client, ticket: client.reopen_ticket(ticket),
    "SnoozeTicket": lambda client, ticket: client.snooze_ticket(ticket, until=datetime.now(UTC) + timedelta(hours=1)),
    "WakeTicket": lambda client, ticket: client.wake_ticket(ticket),
    "AssignTicket": lambda client, ticket: client.assign_ticket(ticket, assignee_id=UUID(LIGHT_AGENT.subject)),
    "CloseTicket": lambda client, ticket: client.close_ticket(ticket),
}


async def decided_ticket(desk: Desk) -> Ticket:
    """A ticket of the light agent's with a stored decision."""
    ticket = await desk.new_ticket()
    await desk.rows("DELETE FROM decisions")
    await desk.rows(
        "INSERT INTO decisions (id, ticket_id, version, decided_seq, facts, routing, decision)"
        " VALUES (%(id)s, %(ticket)s, 1, 1, %(facts)s, '{}', '{}')",
        facts=MessageToJson(to_message(make_facts(ticket=make_ticket(id=ticket.id)), decision_pb2.Facts)),
        id=UUID(int=7),
        ticket=ticket.id,
    )
    return await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(LIGHT_AGENT.subject))


async def empty_call(channel: grpc.aio.Channel, method: Any) -> None:
    """Call the method with an empty request; of a stream, read the first answer."""
    request, response = GetMessageClass(method.input_type), GetMessageClass(method.output_type)
    name = f"/{method.containing_service.full_name}/{method.name}"
    if method.server_streaming:
        streamed: Any = channel.unary_stream(name, request.SerializeToString, response.FromString)
        async with aclosing(responses(streamed(request()))) as told:
            await anext(told)
    else:
        unary: Any = channel.unary_unary(name, request.SerializeToString, response.FromString)
        await unary(request())


def test_table_names_every_method() -> None:
    assert {method.name for method in METHODS} == set(SERVED)


@pytest.mark.parametrize("role", list(Role))
async def test_each_method_serves_the_roles_in_the_table_and_no_other(desk: Desk, role: Role) -> None:
    ticket = await desk.new_ticket()
    caller = Principal(str(uuid4()), role, ticket.requester.id if role is Role.CUSTOMER else None)
    refused = set()
    for method in METHODS:
        try:
            await empty_call(await desk.channel(caller), method)
        except Forbidden:
            refused.add(method.name)
        except DuradeskError:
            continue
    assert refused == {name for name, roles in SERVED.items() if role not in roles}


@pytest.mark.parametrize("name", ON_A_TICKET)
async def test_foreign_ticket_does_not_exist_and_ones_own_does(desk: Desk, name: str) -> None:
    call, ticket = ON_A_TICKET[name], await decided_ticket(desk)
    if name == "ReopenTicket":
        await (await desk.client()).resolve_ticket(ticket.id)
    other = await desk.new_ticket(requester_email="dora@c.example")
    strangers = [customer(other), Principal(str(uuid4()), Role.LIGHT_AGENT), Principal("gone", Role.LIGHT_AGENT)]
    before = await desk.row("SELECT * FROM tickets WHERE id = %(id)s", id=ticket.id)
    for stranger in strangers:
        if stranger.role in SERVED[name]:
            with pytest.raises(NotFound, match="This ticket does not exist") as foreign:
                await call(await desk.client(stranger), ticket.id)
            with pytest.raises(NotFound) as missing:
                await call(await desk.client(stranger), uuid4())
            assert foreign.value.message == missing.value.message
    assert await desk.row("SELECT * FROM tickets WHERE id = %(id)s", id=ticket.id) == before
    rightful = next(who for who in (customer(ticket), LIGHT_AGENT, AGENT) if who.role in SERVED[name])
    await call(await desk.client(rightful), ticket.id)


@pytest.mark.parametrize("name", ON_A_TICKET)
async def test_light_agent_works_on_what_is_assigned_to_them(desk: Desk, name: str) -> None:
    ticket = await decided_ticket(desk)
    client = await desk.client(LIGHT_AGENT)
    if Role.LIGHT_AGENT in SERVED[name]:
        await ON_A_TICKET[name](client, ticket.id)
    else:
        with pytest.raises(Forbidden):
            await ON_A_TICKET[name](client, ticket.id)


async def test_lists_hold_only_what_the_caller_may_see(desk: Desk) -> None:
    mine, assigned = await desk.new_ticket(), await desk.new_ticket(requester_email="dora@c.example")
    await (await desk.client()).assign_ticket(assigned.id, assignee_id=UUID(LIGHT_AGENT.subject))
    cases = [(customer(mine), {mine.id}), (LIGHT_AGENT, {assigned.id}), (AGENT, {mine.id, assigned.id})]
    for principal, expected in cases:
        for filter_text in ("", "status:new", f"requester:cleo@c.example,dora@c.example number:{mine.number}"):
            tickets, _ = await (await desk.client(principal)).list_tickets(filter=filter_text)
            found = {ticket.id for ticket in tickets}
            assert found == (expected & {mine.id} if "number" in filter_text else expected)


async def test_repeating_a_request_gives_no_sight_of_what_was_taken_away(desk: Desk) -> None:
    ticket = await decided_ticket(desk)
    light = await desk.client(LIGHT_AGENT)
    await light.create_message(ticket.id, new_message(), request_id="r")
    await (await desk.client()).assign_ticket(ticket.id, assignee_id=None)
    with pytest.raises(NotFound):
        await light.create_message(ticket.id, new_message(), request_id="r")


async def test_internal_note_reaches_no_customer_by_any_method(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.reply(ticket, visibility=Visibility.INTERNAL, body=CANARY)
    await desk.reply(ticket, body="public answer")
    own = await desk.client(customer(ticket))
    seen: list[Any] = [await own.get_ticket(ticket.id), await own.list_tickets(), await own.list_messages(ticket.id)]
    page, token = await own.list_messages(ticket.id, page_size=1)
    while token:
        more, token = await own.list_messages(ticket.id, page_size=1, page_token=token)
        page += more
    seen += [page, await own.create_message(ticket.id, new_message()), await own.resolve_ticket(ticket.id)]
    seen += [await own.reopen_ticket(ticket.id), await own.create_ticket(new_ticket(requester_email=""))]
    assert CANARY not in repr(seen)
    assert [message.body for message in page] == ["It is on fire", "public answer"]
    staff_sees, _ = await (await desk.client(AGENT)).list_messages(ticket.id)
    assert CANARY in repr(staff_sees)


async def test_what_happens_next_is_for_staff(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.rows("UPDATE tickets SET next_due_at = instant()")
    assert (await (await desk.client()).get_ticket(ticket.id)).next_due_at is not None
    own = await desk.client(customer(ticket))
    assert (await own.get_ticket(ticket.id)).next_due_at is None
    assert (await own.list_tickets())[0][0].next_due_at is None
