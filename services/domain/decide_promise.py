"""The promised next update in a decision: nobody wrote to the customer by then, so those who should have are told."""

from services.domain.decision import Step, TraceLine
from services.domain.draft import Draft
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.ticket import Due, EventKind, FollowerKind


def miss_promise(draft: Draft, due: Due) -> None:
    """Tell assignee and followers of the staff, unless the customer has heard from us since."""
    cause, facts = f"due {due.key}", draft.facts
    draft.steps.append(Step(EventKind.PROMISE_MISSED, (), cause, f"overdue: {due.reason}", due.due_at, due.key))
    if facts.promise is not None and facts.promise.kept_at is not None:
        return
    following = (person.id for person in facts.followers if person.kind is FollowerKind.STAFF)
    people = dict.fromkeys(person for person in (draft.ticket.assignee_id, *following) if person is not None)
    draft.effects += [
        PlannedEffect(f"{due.key}/{person}", EffectKind.ESCALATED_MAIL, None, due.due_at, cause, user_id=person)
        for person in people
    ]
    outcome = f"tell {len(people)} of the staff by mail"
    draft.trace.append(TraceLine(due.due_at, cause, "who is to know", {}, outcome))
