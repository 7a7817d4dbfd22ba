"""Macros: whose they are, what they refuse, and that a run is one transaction by the same rules as by hand."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.bulk import BulkAct, TicketChange
from services.domain.errors import AlreadyExists, Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.macros import Macro, MacroFields
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind, Priority, TicketStatus
from services.domain.ticket_fields import FieldKind, TicketFieldFields
from tests.contract.tickets.desk import ADMIN, AGENT, LIGHT_AGENT, Desk, customer

BILLING = UUID(int=1)
OTHER_AGENT = Principal(str(uuid4()), Role.AGENT)


async def make(desk: Desk, name: str = "Refund", principal: Principal = ADMIN, **said: Any) -> Macro:
    said = {"reply": "Hello {first_name}, #{number} of {brand}: {{7*7}}"} | said
    return await (await desk.macros(principal)).create_macro(MacroFields(name, **said))


def action(kind: ActionKind, **said: Any) -> Action:
    return Action(kind, **said)


async def test_placeholders_are_replaced_once_by_plain_text(desk: Desk) -> None:
    ticket = await desk.new_ticket(requester_name="{brand} Nováková", subject="<b>{name}</b>")
    macro = await make(desk, reply="{name}|{first_name}|{number}|{subject}|{brand}|{{7*7}}|{{name}}")
    reply, _ = await (await desk.macros()).fill_macro(ticket.id, macro.id)
    name = "{brand} Nováková"
    assert reply == f"{name}|{{brand}}|{ticket.number}|<b>{{name}}</b>|Support|{{{{7*7}}}}|{{{name}}}"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"reply": "{colour} {name}"}, "reply"),
        ({"reply": ""}, "reply"),
        ({"name": ""}, "name"),
        ({"actions": (action(ActionKind.REPLY, text="x"),)}, r"actions\[0\]"),
        ({"actions": (action(ActionKind.ADD_TAG),)}, r"actions\[0\]"),
        ({"actions": (action(ActionKind.ADD_TAG, tag="x"),) * 11}, r"actions\[10\]"),
    ],
)
async def test_a_macro_that_could_not_run_is_refused_when_it_is_saved(
    desk: Desk, said: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(Invalid, match=wrong):
        await make(desk, **({"name": "Refund"} | said))


async def test_a_macro_gives_tickets_to_nobody_who_works_here_no_more(desk: Desk) -> None:
    desk.staff.gone.add(UUID(AGENT.subject))
    with pytest.raises(Invalid, match="active member of the staff"):
        await make(desk, actions=(action(ActionKind.ASSIGN, user_id=UUID(AGENT.subject)),))


async def test_a_run_replies_and_changes_the_ticket_in_one_transaction_and_says_which_macro_it_was(desk: Desk) -> None:
    fields = await desk.ticket_fields()
    await fields.create_ticket_field(TicketFieldFields("amount", "Amount", FieldKind.NUMBER))
    ticket, client = await desk.new_ticket(tags=("late", "vip"), requester_name="Ann Novak"), await desk.client()
    macro = await make(
        desk,
        actions=(
            action(ActionKind.SET_STATUS, status=TicketStatus.ON_HOLD),
            action(ActionKind.RAISE_PRIORITY),
            action(ActionKind.ADD_TAG, tag="refund"),
            action(ActionKind.REMOVE_TAG, tag="late"),
            action(ActionKind.SET_CUSTOM_FIELD, field="amount", value="7.5"),
            action(ActionKind.SET_TYPE, type="refund"),
            action(ActionKind.ASSIGN, team_id=BILLING),
            action(ActionKind.NOTE, note="Pay it back."),
        ),
    )
    after, message = await (await desk.macros()).run_macro(ticket.id, macro.id, request_id="once")
    assert message is not None
    assert message.body == f"Hello Ann, #{ticket.number} of Support: {{{{7*7}}}}"
    assert (after.status, after.priority, after.tags) == (TicketStatus.ON_HOLD, Priority.HIGH, ("vip", "refund"))
    assert (after.custom_fields, after.type, after.team_id) == ({"amount": 7.5}, "refund", BILLING)
    events = (await client.list_events(ticket.id))[0][1:]
    assert [event.kind for event in events] == [
        EventKind.MESSAGE_ADDED,
        EventKind.MESSAGE_ADDED,
        EventKind.TICKET_ASSIGNED,
        EventKind.TICKET_UPDATED,
    ]
    assert {(event.cause, event.reason) for event in events} == {(f"macro {macro.id}/1", "macro Refund, version 1")}
    # The same request again is nothing new.
    again, _ = await (await desk.macros()).run_macro(ticket.id, macro.id, request_id="once")
    assert again.version == after.version


async def test_a_run_that_breaks_a_rule_changes_nothing_at_all(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.client()
    macro = await make(desk, actions=(action(ActionKind.SET_CATEGORY, category_id=uuid4()),))
    with pytest.raises(Invalid, match="category"):
        await (await desk.macros()).run_macro(ticket.id, macro.id)
    assert (await client.get_ticket(ticket.id)).version == 1
    assert len((await client.list_messages(ticket.id))[0]) == 1
    closing = await make(desk, "Close", actions=(action(ActionKind.SET_STATUS, status=TicketStatus.CLOSED),))
    mine = await desk.new_ticket()
    await client.assign_ticket(mine.id, assignee_id=UUID(LIGHT_AGENT.subject))
    with pytest.raises(Forbidden):
        await (await desk.macros(LIGHT_AGENT)).run_macro(mine.id, closing.id)
    await client.close_ticket(ticket.id)
    with pytest.raises(InvalidTransition):
        await (await desk.macros()).run_macro(ticket.id, closing.id)


async def test_a_reply_of_a_macro_is_held_like_any_other(desk: Desk) -> None:
    ticket, macros = await desk.new_ticket(), await desk.macros()
    macro = await make(desk)
    await desk.reply(ticket, customer(ticket), body="One more thing")
    with pytest.raises(InvalidTransition) as held:
        await macros.run_macro(ticket.id, macro.id, seen_seq=1)
    assert held.value.reason == "NEWER_MESSAGES"
    after, message = await macros.run_macro(ticket.id, macro.id, body="My own words", seen_seq=1, send_anyway=True)
    assert message is not None
    assert (message.body, after.status) == ("My own words", TicketStatus.PENDING)
    only, nothing = await macros.run_macro(
        ticket.id, (await make(desk, "Tag", actions=(action(ActionKind.ADD_TAG, tag="x"),))).id, body=""
    )
    assert (nothing, only.tags) == (None, ("x",))


async def test_an_internal_macro_leaves_a_note_and_a_snooze_puts_the_ticket_away(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    away = (action(ActionKind.SNOOZE, duration=timedelta(days=2)),)
    macro = await make(desk, reply="Ask the courier", visibility=Visibility.INTERNAL, actions=away)
    after, message = await (await desk.macros()).run_macro(ticket.id, macro.id)
    assert message is not None
    assert message.visibility is Visibility.INTERNAL
    assert (after.status, after.snoozed_until is not None) == (TicketStatus.NEW, True)


async def test_own_macros_are_for_their_owner_alone_and_shared_ones_for_who_manages_them(desk: Desk) -> None:
    own = await make(desk, "Mine", AGENT, user_id=UUID(AGENT.subject))
    everybodys, billings = await make(desk, "Ours"), await make(desk, "Theirs", team_id=BILLING)
    names = {
        principal: [macro.name for macro in await (await desk.macros(principal)).list_macros()]
        for principal in (AGENT, OTHER_AGENT, ADMIN)
    }
    assert names == {AGENT: ["Mine", "Theirs", "Ours"], OTHER_AGENT: ["Theirs", "Ours"], ADMIN: ["Theirs", "Ours"]}
    ticket = await desk.new_ticket()
    for principal in (OTHER_AGENT, ADMIN):
        macros = await desk.macros(principal)
        for call in (
            macros.update_macro(own.id, {"name": "Yours"}),
            macros.delete_macro(own.id),
            macros.fill_macro(ticket.id, own.id),
            macros.run_macro(ticket.id, own.id),
        ):
            with pytest.raises(NotFound):
                await call
        with pytest.raises(Forbidden):
            await make(desk, "For you", principal, user_id=UUID(AGENT.subject))
    agents = await desk.macros()
    for shared in (everybodys, billings):
        with pytest.raises(Forbidden):
            await agents.update_macro(shared.id, {"reply": "Mine now"})
        with pytest.raises(Forbidden):
            await agents.delete_macro(shared.id)
    with pytest.raises(Forbidden):
        await agents.update_macro(own.id, {"user_id": None})
    with pytest.raises(Forbidden):
        await make(desk, "For all", AGENT)
    for principal in (AGENT, customer(ticket)):
        with pytest.raises(Forbidden):
            await make(desk, "No", principal)
    changed = await agents.update_macro(own.id, {"name": "Still mine"}, expected_version=1)
    assert (changed.name, changed.version) == ("Still mine", 2)
    with pytest.raises(Conflict):
        await agents.update_macro(own.id, {"name": "Old"}, expected_version=1)
    with pytest.raises(Conflict):
        await agents.run_macro(ticket.id, own.id, expected_version=1)
    with pytest.raises(AlreadyExists):
        await make(desk, "OURS")
    await agents.delete_macro(own.id)
    with pytest.raises(NotFound):
        await agents.delete_macro(own.id)


async def test_a_macro_runs_on_many_tickets_and_says_why_it_could_not_on_one(desk: Desk) -> None:
    macro = await make(desk, actions=(action(ActionKind.ADD_TAG, tag="refund"),))
    tickets = [await desk.new_ticket() for _ in range(3)]
    client = await desk.client()
    await client.close_ticket(tickets[2].id)
    desk_client = await desk.desk_client()
    change = TicketChange(BulkAct.MACRO, macro_id=macro.id)
    job = await desk_client.change_tickets(change, ticket_ids=[ticket.id for ticket in tickets])
    await (await desk.bulk_client()).run_bulk_page(job.id)
    job = await desk_client.get_bulk_job(job.id)
    assert (job.done, job.failed, job.change.macro_id) == (2, 1, macro.id)
    assert "closed" in job.problems[0].reason
    ticket = await client.get_ticket(tickets[0].id)
    assert (ticket.tags, ticket.status) == (("refund",), TicketStatus.PENDING)
    with pytest.raises(NotFound):
        await desk_client.change_tickets(TicketChange(BulkAct.MACRO, macro_id=uuid4()), ticket_ids=[ticket.id])
    with pytest.raises(Invalid, match="macro"):
        await desk_client.change_tickets(TicketChange(BulkAct.MACRO), ticket_ids=[ticket.id])


async def test_nothing_of_a_macro_reaches_a_customer_but_its_reply(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    macro = await make(desk, actions=(action(ActionKind.NOTE, note="Canary-Note"),))
    await (await desk.macros()).run_macro(ticket.id, macro.id)
    messages, _ = await (await desk.client(customer(ticket))).list_messages(ticket.id)
    assert [message.visibility for message in messages] == [Visibility.PUBLIC, Visibility.PUBLIC]
    for call in ((await desk.macros(customer(ticket))).list_macros(), make(desk, "No", customer(ticket))):
        with pytest.raises(Forbidden):
            await call
    only_words = await make(desk, "Words")
    with pytest.raises(Forbidden):
        await (await desk.macros(customer(ticket))).run_macro(ticket.id, only_words.id)
