"""What rules do, through the services: facts that they need, what they leave, mails they send, circles that are cut."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from services.domain.actions import Action, ActionKind
from services.domain.decide import decide
from services.domain.decision import Decision, Plan
from services.domain.effects import EffectKind, EffectOutcome
from services.domain.errors import InvalidTransition
from services.domain.facts import Facts, RuleCut
from services.domain.rules.compiled import RuleSet
from services.domain.rules.model import Rule, Since, Trigger
from services.domain.ticket import EventKind, Priority, TicketStatus
from services.tickets.store.rules import list_rule_runs
from tests.contract.orchestration.desk import Desk
from tests.unit.factories import ANN, BEN
from tests.unit.rules.stories import HOUR, ROUTING, every, make_rule, priority, ready, reply, tag


async def decide_by(desk: Desk, ticket_id: UUID, rules: RuleSet) -> tuple[Decision, Facts]:
    facts = await desk.client.get_for_decision(ticket_id, needs=rules.needs)
    return decide(facts, replace(ROUTING, needs=rules.needs), rules=rules), facts


async def advance(desk: Desk, ticket_id: UUID, *rules: Rule) -> tuple[Decision, Plan]:
    decision, facts = await decide_by(desk, ticket_id, ready(*rules))
    return decision, await desk.client.apply_decision(decision, facts=facts, routing=desk.routing)


async def ticket(desk: Desk, ticket_id: UUID) -> dict[str, Any]:
    return await desk.row("SELECT * FROM tickets WHERE id = %(id)s", id=ticket_id)


async def test_what_rules_do_is_on_the_ticket_and_in_its_events(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    rule = make_rule("press", priority("urgent"), tag("hot"), Action(ActionKind.SET_TYPE, type="question"))
    await advance(desk, ticket_id, rule)
    row = await ticket(desk, ticket_id)
    assert (row["priority"], row["tags"], row["type"]) == ("urgent", ["hot"], "question")
    (event,) = [event for event in await desk.events(ticket_id) if event["kind"] == EventKind.RULE_APPLIED]
    assert (event["reason"], event["cause"], event["actor"]) == ("rule press", "event 1", "duradesk")


async def test_a_rule_is_known_by_when_it_did_something_last_and_how_often_within_7_days(desk: Desk) -> None:
    busy, early, idle = make_rule("busy", tag("hot")), make_rule("early", tag("old")), make_rule("idle", tag("cold"))
    desk.clock.skipped = timedelta(days=-8)
    await advance(desk, await desk.new_ticket(), busy, early)
    desk.clock.skipped = timedelta()
    for _ in range(2):
        await advance(desk, await desk.new_ticket(), busy)
    async with desk.database.transaction() as conn:
        found = await list_rule_runs(conn, [idle.id, busy.id, early.id])
    assert [(runs.rule_id, runs.recent_runs) for runs in found] == [(idle.id, 0), (busy.id, 2), (early.id, 0)]
    never, now, then = [runs.last_ran_at for runs in found]
    assert never is None
    assert now is not None
    assert then is not None
    assert now - then > timedelta(days=7)


async def test_a_desk_without_rules_reads_nothing_for_them_and_words_are_kept_nowhere(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(subject="Canary-Subject-77")
    message = await desk.customer_replies(ticket_id)
    facts = await desk.client.get_for_decision(ticket_id)
    assert (facts.words, facts.history, facts.needs) == (None, None, ())
    decision, facts = await decide_by(desk, ticket_id, ready(make_rule("asks", when="canary -reopened>0")))
    assert facts.words is not None
    assert facts.words.subject == "Canary-Subject-77"
    assert [(each.message_id, each.text) for each in facts.words.messages] == [(message, "words")]
    await desk.client.apply_decision(decision, facts=facts, routing=desk.routing)
    stored = await desk.row("SELECT facts::text || decision::text AS all FROM decisions")
    assert "Canary-Subject-77" not in stored["all"]
    assert facts.words_hash in stored["all"]


async def test_history_is_counted_from_what_was_decided_before(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    needs = ready(make_rule("asks", when="customer_messages>0")).needs
    await desk.customer_replies(ticket_id)
    await desk.agent_replies(ticket_id)
    await desk.customer_replies(ticket_id)
    await desk.customer_replies(ticket_id)
    await desk.advance(ticket_id)
    history = (await desk.client.get_for_decision(ticket_id, needs=needs)).history
    assert history is not None
    assert (history.customer_messages, history.agent_messages, history.reopened) == (3, 1, 0)
    seqs = [anchor and anchor.seq for anchor in (history.customer_wrote, history.agent_wrote, history.unanswered)]
    assert seqs == [5, 3, 4]
    await desk.set_status(ticket_id, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)
    await desk.customer_replies(ticket_id)
    await desk.advance(ticket_id)
    again = (await desk.client.get_for_decision(ticket_id, needs=needs)).history
    assert again is not None
    assert (again.reopened, again.resolved and again.resolved.seq, again.last_act and again.last_act.seq) == (1, 7, 8)


async def test_a_rules_reply_is_a_public_message_and_an_automatic_mail(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(subject="Parcel {name}")
    await advance(desk, ticket_id, make_rule("answer", reply("Hello {name}: {subject}")))
    message = await desk.row("SELECT * FROM messages WHERE ticket_id = %(id)s AND body <> ''", id=ticket_id)
    assert (message["body"], message["visibility"], message["automatic"]) == (
        "Hello Cleo: Parcel {name}",
        "public",
        True,
    )
    (effect,) = await desk.rows("SELECT * FROM effects WHERE ticket_id = %(id)s", id=ticket_id)
    assert (effect["kind"], effect["key"]) == (EffectKind.RULE_REPLY_MAIL, f"reply/{message['id']}")
    claimed = await desk.client.claim_effect(effect["id"], lease=HOUR / 60)
    assert (claimed.mail.auto_submitted, claimed.mail.text) == ("auto-replied", "Hello Cleo: Parcel {name}")
    # The desk's own word is no answer of ours: nobody's clock stops, and no rule sees it twice.
    assert (await ticket(desk, ticket_id))["status"] == "new"


async def test_a_customer_who_answers_again_and_again_gets_ten_answers(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    answer = make_rule("answer", reply(), on=Trigger.CUSTOMER_REPLIED)
    states = []
    for _ in range(12):
        await desk.customer_replies(ticket_id)
        _, plan = await advance(desk, ticket_id, answer)
        (effect,) = plan.open_effects
        with suppress(InvalidTransition):
            claimed = await desk.client.claim_effect(effect, lease=HOUR / 60)
            await desk.client.begin_effect(effect, fence=claimed.fence)
            await desk.client.finish_effect(effect, fence=claimed.fence, outcome=EffectOutcome.DONE, detail="")
        states.append((await desk.effect(effect))["state"])
    assert states == ["done"] * 10 + ["suppressed"] * 2


async def test_colleagues_are_told_and_follow_and_a_policy_is_set(desk: Desk) -> None:
    ticket_id, policy = await desk.new_ticket(), uuid4()
    actions = (
        Action(ActionKind.NOTIFY, user_id=BEN, note="look at this"),
        Action(ActionKind.ADD_FOLLOWER, user_id=ANN),
        Action(ActionKind.SET_SLA_POLICY, policy_id=policy),
    )
    await advance(desk, ticket_id, make_rule("tell", *actions))
    (effect,) = await desk.rows("SELECT * FROM effects WHERE ticket_id = %(id)s", id=ticket_id)
    assert (effect["kind"], effect["user_id"], effect["text"]) == ("rule_notice_mail", BEN, "tell: look at this")
    desk.colleagues.add(BEN)
    claimed = await desk.client.claim_effect(effect["id"], lease=HOUR / 60)
    assert "tell: look at this" in claimed.mail.text
    followers = await desk.rows("SELECT follower_id FROM followers WHERE ticket_id = %(id)s", id=ticket_id)
    assert [row["follower_id"] for row in followers] == [ANN]
    facts = await desk.client.get_for_decision(ticket_id)
    assert facts.ticket.policy_id == policy


async def test_a_rule_that_was_cut_is_told_of_once_and_counts_as_paused_until_routing_has_paused_it(desk: Desk) -> None:
    rules = [
        make_rule("up", priority("high"), on=Trigger.PRIORITY_CHANGED, when="priority:low", owner_id=BEN),
        make_rule("down", priority("low"), on=Trigger.PRIORITY_CHANGED, when="priority:high"),
        make_rule("begin", priority("low")),
    ]
    first, second = await desk.new_ticket(), await desk.new_ticket()
    decision, _ = await advance(desk, first, *rules)
    (cut,) = decision.cuts
    assert (cut.name, BEN in cut.told) == ("up", True)
    seen, facts = await decide_by(desk, second, ready(*rules))
    assert facts.cut_rules == (RuleCut(cut.rule_id, cut.rule_version, "", cut.reason),)
    assert [run.name for run in seen.runs] == ["begin"]
    assert seen.cuts == ()
    alerts = await desk.rows("SELECT kind, user_id FROM effects WHERE kind = 'rule_cut_mail' ORDER BY user_id")
    assert len(alerts) == 2
    await desk.client.confirm_cut(cut.rule_id, rule_version=cut.rule_version)
    assert (await desk.client.get_for_decision(second, needs=ready(*rules).needs)).cut_rules == ()
    assert (await ticket(desk, first))["priority"] == Priority.LOW
    kinds = [event["kind"] for event in await desk.events(first)]
    assert kinds.count(EventKind.RULE_CUT) == 1


async def test_whom_routing_picked_is_looked_at_by_a_second_decision(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    rule = make_rule("owned", tag("owned"), on=Trigger.ASSIGNEE_CHANGED)
    decision, plan = await advance(desk, ticket_id, rule)
    assert (decision.runs, decision.look_again, plan.more) == ((), True, True)
    decision, plan = await advance(desk, ticket_id, rule)
    assert ([run.name for run in decision.runs], plan.more) == (["owned"], False)


async def test_a_rule_of_time_waits_in_the_plan_and_runs_at_its_instant(desk: Desk) -> None:
    ticket_id = await desk.new_ticket()
    await desk.customer_replies(ticket_id)
    rule = every(4 * HOUR, Since.UNANSWERED, tag("slow"))
    _, plan = await advance(desk, ticket_id, rule)
    assert plan.next_due_reason == "rule timed"
    desk.clock.skipped += 5 * HOUR
    decision, _ = await advance(desk, ticket_id, rule)
    assert [run.name for run in decision.runs] == ["timed"]
    assert (await ticket(desk, ticket_id))["tags"] == ["slow"]
    decision, plan = await advance(desk, ticket_id, rule)
    assert (decision.runs, plan.next_due_at) == ((), None)
