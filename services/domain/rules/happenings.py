"""What happens to a ticket as rules see it: which triggers it is, and what led to it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from services.domain.facts import EventFacts
from services.domain.family.model import ChildNews, FamilyFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.rules.model import Trigger
from services.domain.rules.view import Moment
from services.domain.ticket import EventKind, FieldChange

_OF_FIELDS = {
    "status": Trigger.STATUS_CHANGED,
    "priority": Trigger.PRIORITY_CHANGED,
    "team_id": Trigger.TEAM_CHANGED,
    "assignee_id": Trigger.ASSIGNEE_CHANGED,
    "tags": Trigger.TAGS_CHANGED,
    "type": Trigger.FIELD_CHANGED,
    "category_id": Trigger.FIELD_CHANGED,
}
_OF_FAMILY = {
    EventKind.PARENT_SET: Trigger.PARENT_SET,
    EventKind.PARENT_REMOVED: Trigger.PARENT_REMOVED,
    EventKind.CHILD_ADDED: Trigger.CHILD_ADDED,
    EventKind.CHILD_REMOVED: Trigger.CHILD_REMOVED,
}
# Quiet for everybody: nobody is thanked or asked how it was because a ticket was merged or taken for spam.
_SET_ASIDE = frozenset(
    {EventKind.TICKET_MERGED, EventKind.TICKET_UNMERGED, EventKind.SPAM_MARKED, EventKind.SPAM_UNMARKED}
)
_SETTLED = ('"resolved"', '"closed"')


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that makes rules look. `cause` says what it was, `root` the event or due that all began with.

    `chain` are the rules whose effects led to it, and `caused_by` the run it is an effect of. No machine answers what
    is `automatic`. `only` names the one rule that is to look.
    """

    moment: Moment
    triggers: frozenset[Trigger]
    cause: str
    root: str
    caused_by: int = 0
    chain: tuple[UUID, ...] = ()
    automatic: bool = False
    only: UUID | None = None
    due_key: str = ""


def is_seen(event: EventFacts) -> bool:
    """Whether rules look at the event: not at what a decision did, whose effects they saw in it; but whom routing
    picked was not known there."""
    return not event.decided or event.kind is EventKind.TICKET_ASSIGNED


def triggers_of(event: EventFacts) -> frozenset[Trigger]:
    """What the event is to rules; being set aside, and coming back from there, is no change of a status to them."""
    if event.kind in _SET_ASIDE:
        return frozenset()
    return frozenset(_of_event(event)) | triggers_of_changes(event.changes) - _CREATION.get(event.kind, frozenset())


def triggers_of_news(family: FamilyFacts) -> frozenset[Trigger]:
    """What the children tell their parent is to rules: all that they tell at once is one thing."""
    told = {news.news for news in family.inbox}
    found = {Trigger.CHILD_SETTLED} if ChildNews.SETTLED in told else set()
    if found and family.total and not family.open:
        found.add(Trigger.CHILDREN_SETTLED)
    return frozenset(found | ({Trigger.CHILD_REOPENED} if ChildNews.REOPENED in told else set()))


def triggers_of_changes(changes: Iterable[FieldChange]) -> frozenset[Trigger]:
    """What changes of fields are to rules."""
    return frozenset(trigger for change in changes for trigger in _of_change(change))


# What a new ticket begins with is no change of it.
_CREATION = {EventKind.TICKET_CREATED: frozenset(Trigger) - {Trigger.TICKET_CREATED}}


def _of_event(event: EventFacts) -> Iterator[Trigger]:
    match event.kind:
        case EventKind.TICKET_CREATED:
            yield Trigger.TICKET_CREATED
        case EventKind.MESSAGE_ADDED if not event.withdrawn:
            if event.author_kind is AuthorKind.CUSTOMER:
                yield Trigger.CUSTOMER_REPLIED
            else:
                yield Trigger.NOTE_ADDED if event.visibility is Visibility.INTERNAL else Trigger.AGENT_REPLIED
        case EventKind.TICKET_WOKEN:
            yield Trigger.SNOOZE_ENDED
        case EventKind.TICKET_RESOLVED | EventKind.TICKET_CLOSED if event.in_cascade:
            yield Trigger.PARENT_SETTLED
        case _ if event.kind in _OF_FAMILY:
            yield _OF_FAMILY[event.kind]


def _of_change(change: FieldChange) -> Iterator[Trigger]:
    if change.old == change.new:
        return
    if change.field.startswith("custom_fields"):
        yield Trigger.FIELD_CHANGED
    if change.field in _OF_FIELDS:
        yield _OF_FIELDS[change.field]
    if change.field == "status":
        if change.new in _SETTLED:
            yield Trigger.RESOLVED if change.new == '"resolved"' else Trigger.CLOSED
        elif change.old in _SETTLED:
            yield Trigger.REOPENED
    if change.field == "snoozed_until" and change.new == "null":
        yield Trigger.SNOOZE_ENDED
