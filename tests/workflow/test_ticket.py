"""TicketWorkflow on the real server: what it costs, what it survives, what operators see of it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus

from services.domain.effects import EffectOutcome
from services.domain.errors import Unavailable
from services.domain.ticket import Priority, TicketStatus
from tests.histories.stories import ShortRuns
from tests.workflow.desk import BRAND, CANARIES
from tests.workflow.env import Env, Sent, until
from workflows.messages import TICKETS_QUEUE, TicketInput
from workflows.ticket import NEXT_DUE_AT, TICKET_BRAND, TICKET_PRIORITY, TICKET_STATUS, TICKET_TEAM, TicketWorkflow

IN_STEP, IN_TURN = EventType.EVENT_TYPE_MARKER_RECORDED, EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
TIMER_STARTED, TIMER_CANCELED = EventType.EVENT_TYPE_TIMER_STARTED, EventType.EVENT_TYPE_TIMER_CANCELED
UPSERTED = EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


async def test_many_nudges_at_once_are_few_steps(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await env.desk.update(ticket_id)
    await asyncio.gather(*(env.handle(ticket_id).signal(TicketWorkflow.look) for _ in range(150)))
    await env.settled(ticket_id)
    await env.idles(ticket_id)

    assert await env.count(ticket_id, SIGNALED) == 151
    assert env.desk.advances <= 80, "signals that arrive during a step are answered by the next one together"


async def test_a_due_that_moves_later_leaves_the_timer_alone(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    for _ in range(4):
        await env.desk.agent_replies(ticket_id)
        await env.looks(ticket_id)

    assert await env.count(ticket_id, TIMER_STARTED) == 1
    assert await env.count(ticket_id, TIMER_CANCELED) == 0


async def test_a_due_that_moves_earlier_moves_the_timer(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.desk.resolve(ticket_id)
    await env.looks(ticket_id)
    await env.desk.shorten_grace(ticket_id, timedelta(seconds=4))
    await env.look(ticket_id)

    await env.handle(ticket_id).result()

    [*_, (_, at, done)] = env.desk.rows[ticket_id].log
    assert timedelta() <= done - at < timedelta(minutes=1), "never early, and hardly late"
    assert env.desk.rows[ticket_id].facts.status is TicketStatus.CLOSED
    assert await env.count(ticket_id, TIMER_CANCELED) == 1


async def test_a_terminated_workflow_goes_on_with_the_next_nudge(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.look(ticket_id)
    await env.settled(ticket_id)
    await env.handle(ticket_id).terminate()

    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await until(lambda: len(env.sender.mails) == 1)
    assert (await env.handle(ticket_id).describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_closed_ticket_ends_its_workflow_and_a_later_nudge_does_no_harm(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.desk.close(ticket_id)
    await env.look(ticket_id)
    await env.handle(ticket_id).result()
    assert len(env.sender.mails) == 1, "what was written before the close is sent"

    await env.look(ticket_id)
    await env.handle(ticket_id).result()

    assert (await env.handle(ticket_id).describe()).typed_search_attributes[TICKET_STATUS] == "closed"
    assert len(env.sender.mails) == 1


async def test_a_ticket_that_does_not_exist_ends_its_workflow(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    nudge = env.desk.nudge_of(ticket_id)
    del env.desk.rows[ticket_id]

    await env.signal(nudge)

    await env.handle(ticket_id).result()


@pytest.mark.parametrize("under", ["ticket/no-id", "ticket/00000000-0000-4000-8000-00000000000f"])
async def test_a_workflow_that_was_started_by_hand_for_no_ticket_or_under_another_id_ends(env: Env, under: str) -> None:
    ticket_id = await env.desk.create_ticket()
    meant = "no-id" if under.endswith("no-id") else str(ticket_id)
    await env.client.execute_workflow(TicketWorkflow.run, TicketInput(meant), id=under, task_queue=TICKETS_QUEUE)
    assert env.desk.advances == 0


async def test_a_nudge_that_races_with_the_end_is_not_lost(env: Env) -> None:
    tickets = [await env.desk.create_ticket() for _ in range(20)]

    async def race(ticket_id: UUID, delay: float) -> None:
        await env.desk.close(ticket_id)
        closing = asyncio.create_task(env.look(ticket_id))
        await asyncio.sleep(delay)
        await env.desk.agent_replies(ticket_id)
        await env.look(ticket_id)
        await closing

    await asyncio.gather(*(race(ticket_id, 0.01 * number) for number, ticket_id in enumerate(tickets)))

    for ticket_id in tickets:
        await env.settled(ticket_id)
    await until(lambda: len(env.sender.mails) == len(tickets))


async def test_a_conflict_is_decided_again(env: Env) -> None:
    env.desk.conflicts_to_raise = 7
    ticket_id = await env.desk.create_ticket()
    await env.look(ticket_id)
    await env.settled(ticket_id)
    assert env.desk.conflicts_to_raise == 0


async def test_more_undecided_events_than_one_decision_takes_are_decided_at_once(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    for _ in range(450):
        await env.desk.update(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)
    assert env.desk.advances == 3


async def test_a_refused_mail_keeps_no_ticket_waiting(env: Env) -> None:
    env.sender.script = [Sent(EffectOutcome.RETRY)]
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await until(lambda: len(env.sender.mails) == 1)

    await env.desk.customer_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await until(lambda: env.desk.rows[ticket_id].effects[0].state == "done")
    assert len(env.sender.mails) == 2


async def test_an_outcome_that_cannot_be_recorded_at_once_is_recorded_later_and_the_mail_sent_once(env: Env) -> None:
    env.desk.finish_failures = [Unavailable("away")] * 3
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.looks(ticket_id)
    [effect] = env.desk.rows[ticket_id].effects
    assert (effect.state, effect.fence, len(env.sender.mails)) == ("done", 1, 1)


async def test_a_mail_that_is_refused_for_good_is_not_tried_again(env: Env) -> None:
    env.sender.script = [Sent(EffectOutcome.FAILED)]
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.desk.close(ticket_id)
    await env.look(ticket_id)
    await env.handle(ticket_id).result()
    assert (env.desk.rows[ticket_id].effects[0].state, len(env.sender.mails)) == ("failed", 1)


async def test_a_busy_ticket_continues_as_new_and_loses_nothing(idle_env: Env) -> None:
    env = idle_env
    async with env.working(workflows=[ShortRuns]):
        ticket_id = await env.desk.create_ticket()
        for _ in range(120):
            await env.desk.agent_replies(ticket_id)
            await env.look(ticket_id)
        await env.settled(ticket_id)
        await until(lambda: len(env.sender.mails) == 120)
        await until(lambda: all(effect.state == "done" for effect in env.desk.rows[ticket_id].effects))

        description = await env.handle(ticket_id).describe()
        assert description.run_id != description.raw_description.workflow_execution_info.first_run_id, "a later run"
        assert (await env.details(ticket_id)).startswith("| Ticket | #1 · mail · Acme |")
        assert description.typed_search_attributes[TICKET_STATUS] == "pending"
        assert len(await env.events(ticket_id)) < 200


async def test_operators_see_what_a_ticket_waits_for(env: Env) -> None:
    ticket_id = await env.desk.create_ticket(priority=Priority.HIGH)
    await env.desk.agent_replies(ticket_id)
    await env.looks(ticket_id)

    description = await env.handle(ticket_id).describe()
    due_at = description.typed_search_attributes[NEXT_DUE_AT]
    due = f"{due_at:%Y-%m-%d %H:%M:%S} UTC: no answer from the customer for 3 days"
    assert await description.static_summary() == "#1 · mail · Acme"
    labels = {key: description.typed_search_attributes[key] for key in (TICKET_STATUS, TICKET_PRIORITY, TICKET_TEAM)}
    assert list(labels.values()) == ["pending", "high", "Billing"]
    assert description.typed_search_attributes[TICKET_BRAND] == BRAND.name
    assert await env.details(ticket_id) == "\n".join(
        [
            "| Ticket | #1 · mail · Acme |",
            "|---|---|",
            "| Status | pending |",
            "| Priority | high |",
            "| Team | Billing |",
            f"| Next due | {due} |",
            "| Open deliveries | 0 |",
        ]
    )
    assert due in await env.summaries(ticket_id, TIMER_STARTED)
    assert "decide what follows by itself" in await env.summaries(ticket_id, IN_STEP)


async def test_tickets_are_found_by_their_status(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    async def found() -> bool:
        query = f"TicketStatus = 'pending' AND TicketTeam = 'Billing' AND WorkflowId = 'ticket/{ticket_id}'"
        return [execution.id async for execution in env.client.list_workflows(query)] == [f"ticket/{ticket_id}"]

    await until(found)


async def test_search_attributes_are_written_only_when_they_change(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    for _ in range(5):
        await env.desk.update(ticket_id)
        await env.looks(ticket_id)
    assert await env.count(ticket_id, UPSERTED) == 1, "the team, once"

    await env.desk.update(ticket_id, priority=Priority.URGENT)
    await env.looks(ticket_id)
    assert await env.count(ticket_id, UPSERTED) == 2


async def test_a_due_that_is_gone_leaves_the_search_attributes(env: Env) -> None:
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)
    await env.desk.customer_replies(ticket_id)
    await env.looks(ticket_id)

    assert (await env.handle(ticket_id).describe()).typed_search_attributes.get(NEXT_DUE_AT) is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [(Sent(EffectOutcome.RETRY), "REFUSED_FOR_NOW"), (RuntimeError(*CANARIES), "DELIVERY_IN_DOUBT")],
)
async def test_no_customer_text_is_in_a_history(env: Env, answer: Sent | Exception, code: str) -> None:
    env.sender.script = [answer]
    env.desk.conflicts_to_raise = 7
    env.desk.failures = [ValueError(*CANARIES)]
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    async def failure_shows() -> bool:
        return code in await env.pending(ticket_id)

    await until(failure_shows)
    dump = "\n".join([*(str(event) for event in await env.events(ticket_id)), await env.pending(ticket_id)])
    assert [canary for canary in CANARIES if canary in dump] == []
