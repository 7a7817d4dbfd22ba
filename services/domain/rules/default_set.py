"""The default set: rules that most desks want, each with a sentence on what it is for.

Those that are on do nothing but tag; what answers customers or changes priorities waits until somebody switches it on.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid5

from services.domain.actions import Action, ActionKind
from services.domain.rules.model import Rule, Since, Trigger, Wait
from services.domain.ticket import Priority

# The same on every desk: by it a rule is known to be there, whatever people have made of it since.
_SPACE = UUID("6f0b0c52-6a43-4f0e-9a55-0d5e1f6c2b7a")
_RAISE = Action(ActionKind.RAISE_PRIORITY)
_STILL_AT_IT = (
    "Hello {name},\n\nwe have not forgotten you: your request {number} is still with us, and somebody will answer it as"
    " soon as possible.\n\n{brand}"
)


def _rule(key: str, name: str, purpose: str, trigger: Trigger, *actions: Action, conditions: str = "") -> Rule:
    return Rule(uuid5(_SPACE, key), name, trigger, actions, conditions, purpose=purpose)


def _tag(tag: str) -> Action:
    return Action(ActionKind.ADD_TAG, tag=tag)


_ON = (
    _rule(
        "automatic",
        "Tag what machines send",
        "A list can leave out what no person wrote: newsletters, receipts, reports of other systems.",
        Trigger.TICKET_CREATED,
        _tag("automatic"),
        conditions="message.automatic:yes",
    ),
    _rule(
        "auto-reply",
        "Tag out-of-office answers",
        "Shows that a ticket moved because of a machine, and that its customer is not there to answer.",
        Trigger.CUSTOMER_REPLIED,
        _tag("auto-reply"),
        conditions="message.automatic:yes",
    ),
    _rule(
        "reopened",
        "Tag what came back",
        "Finds the tickets whose first solution was none: a list of tag:reopened is worth reading once a week.",
        Trigger.REOPENED,
        _tag("reopened"),
    ),
)
_OFF = (
    _rule(
        "urgent-words",
        "Put first what says it is urgent",
        "New tickets whose words ask for haste get the priority high. Put in the words of your own customers.",
        Trigger.TICKET_CREATED,
        Action(ActionKind.SET_PRIORITY, priority=Priority.HIGH),
        conditions='priority:low,normal text:urgent,asap,"as soon as possible"',
    ),
    _rule(
        "missed-limit",
        "Raise what missed its limit",
        "A ticket that was answered or solved too late moves up in every list. It needs a policy of service levels.",
        Trigger.CLOCK_MISSED,
        _RAISE,
    ),
    replace(
        _rule(
            "waits-a-day",
            "Raise what waits for a day",
            "A customer whom nobody has answered within a day moves up in every list.",
            Trigger.TIME,
            _RAISE,
            conditions="status:new,open priority:low,normal",
        ),
        wait=Wait(timedelta(days=1), Since.UNANSWERED),
    ),
    replace(
        _rule(
            "still-at-it",
            "Say that we are still at it",
            "Writes to a customer whom nobody has answered within two days. Make the words your own first.",
            Trigger.TIME,
            Action(ActionKind.REPLY, text=_STILL_AT_IT),
            conditions="status:new,open",
        ),
        wait=Wait(timedelta(days=2), Since.UNANSWERED),
    ),
)
DEFAULT_SET: tuple[Rule, ...] = (*_ON, *(replace(rule, enabled=False) for rule in _OFF))
