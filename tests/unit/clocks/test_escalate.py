"""Whom steps of ladders tell, and which notes they leave: once for each clock, epoch and step."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.clocks.ladder import step_words
from services.domain.clocks.policy import Ladder, LadderStep, StepWhen, check_ladder
from services.domain.decide import decide
from services.domain.decision import Decision
from services.domain.effects import EffectKind
from services.domain.errors import Invalid
from services.domain.routing_facts import ToldTeam
from services.domain.ticket import EventKind
from tests.unit.clocks.test_decide_clocks import LATE, MINUTE, created, goes_on, make_levels
from tests.unit.factories import ANN, BEN, CAT, TEAM, make_brand, make_routing

NIGHT = UUID(int=4)
TO_TEAM, TO_BEN = Action(ActionKind.NOTIFY, team_id=TEAM), Action(ActionKind.NOTIFY, user_id=BEN)
NOTED = Action(ActionKind.NOTE, note="Call them.")
ROUTING = make_routing(told_teams=(ToldTeam(TEAM, (ANN, BEN)), ToldTeam(NIGHT, (CAT,))))


def late(*actions: Action, minute: float = 100) -> Decision:
    """What is decided when the step is past, on a ticket that nobody answered."""
    facts, levels = created(brand=make_brand(staff_notices=False)), make_levels(*actions)
    return decide(goes_on(facts, decide(facts, ROUTING, levels), minute), ROUTING, levels)


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        ([TO_BEN], [BEN]),
        ([TO_TEAM], [ANN, BEN]),
        ([TO_BEN, TO_TEAM], [BEN, ANN]),
        ([Action(ActionKind.NOTIFY, team_id=NIGHT, user_id=ANN)], [ANN, CAT]),
        ([Action(ActionKind.NOTIFY, team_id=UUID(int=9))], []),
        ([Action(ActionKind.ASSIGN, team_id=TEAM)], []),
    ],
)
def test_everybody_whom_a_step_names_is_told_once(actions: list[Action], told: list[UUID]) -> None:
    mails = late(*actions).effects
    assert [(mail.key, mail.user_id) for mail in mails] == [(f"{LATE}/{person}", person) for person in told]
    assert {mail.kind for mail in mails} <= {EffectKind.ESCALATED_MAIL}


def test_nobody_is_told_early_or_twice() -> None:
    assert late(TO_TEAM, NOTED, minute=89).effects == ()
    facts, levels = created(), make_levels(TO_TEAM, NOTED)
    before = goes_on(facts, decide(facts, ROUTING, levels), 100)
    again = decide(goes_on(before, decide(before, ROUTING, levels), 101), ROUTING, levels)
    assert (again.effects, again.steps) == ((), ())


def test_a_note_is_a_message_at_the_steps_instant_with_its_cause() -> None:
    *_, step, note = late(NOTED).steps
    assert (step.kind, step.due_key) == (EventKind.LADDER_STEP_TAKEN, LATE)
    assert (note.kind, note.note, note.due_key) == (EventKind.MESSAGE_ADDED, "Call them.", "")
    assert (note.cause, note.effective_at) == (f"due {LATE}", step.effective_at)


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (Action(ActionKind.NOTIFY), "must name a team or a user"),
        (Action(ActionKind.NOTE), "must have a note of 1 to 2000 characters"),
        (Action(ActionKind.NOTE, note="x" * 2001), "must have a note of 1 to 2000 characters"),
    ],
)
def test_an_action_that_would_tell_nobody_anything_is_refused(action: Action, problem: str) -> None:
    step = LadderStep("late", StepWhen.AFTER, (action,), offset=timedelta() + MINUTE)
    with pytest.raises(Invalid) as refused:
        check_ladder(Ladder(UUID(int=71), "Standard", (step,)))
    assert refused.value.violations == {"steps[0].actions[0]": problem}


def test_a_mail_calls_the_step_as_the_activity_does() -> None:
    assert step_words(f"{LATE}/{BEN}") == "step late of first response"


@pytest.mark.parametrize(
    ("action", "assigned"),
    [
        pytest.param(Action(ActionKind.ASSIGN, user_id=BEN), None, id="somebody who has left gets nothing"),
        pytest.param(Action(ActionKind.ASSIGN, team_id=NIGHT, user_id=BEN), NIGHT, id="their team still does"),
        pytest.param(Action(ActionKind.NOTIFY, user_id=BEN), None, id="nor are they told"),
    ],
)
def test_whoever_has_left_is_left_out_and_the_trace_says_so(action: Action, assigned: UUID | None) -> None:
    levels, routing, facts = make_levels(action), replace(ROUTING, gone=(BEN,)), created()
    decision = decide(goes_on(facts, decide(facts, routing, levels), 100), routing, levels)
    changes = {change.field: change.new for step in decision.steps for change in step.changes}
    assert changes.get("assignee_id", "null") == "null"
    assert changes.get("team_id") == (f'"{assigned}"' if assigned else None)
    assert decision.effects == ()
    assert "left out: they are no active member of the staff any more" in [line.outcome for line in decision.trace]
