"""What a rule may ask at one moment: the ticket as earlier rules left it, and what has just happened to it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.clocks.fold import category_line
from services.domain.clocks.policy import ServiceLevels
from services.domain.conditions.compiled import Text
from services.domain.conditions.fields import CUSTOM
from services.domain.facts import Anchor, EventFacts, Facts, HistoryFacts, TicketFacts
from services.domain.family.model import FamilyFacts
from services.domain.message import AuthorKind
from services.domain.rules.history import DESK
from services.domain.ticket import Contact
from services.domain.words import labels, split_words

_WAS = "was."
_OF_MOMENT = ("by", "brand", "subject", "text", "message.text", "requester", "in_hours", "family")
_BECAME = "became."


@dataclass
class TextCache:
    """The words of texts, split once for each decision."""

    known: dict[str, Text] = field(default_factory=dict)

    def cut(self, text: str) -> Text:
        """The text, cut into words."""
        found = self.known.get(text)
        if found is None:
            words = split_words(text)
            found = self.known[text] = Text(f" {' '.join(words)} ", frozenset(words))
        return found


@dataclass(frozen=True, slots=True)
class Moment:
    """What rules look at: the ticket `before` it happened, None when there was none, and `after`; `by` who did it."""

    at: datetime
    before: TicketFacts | None
    after: TicketFacts
    event: EventFacts | None
    by: str


class RuleView(dict[str, Sequence[Any]]):
    """The values of fields, each worked out when it is first asked for."""

    def __init__(
        self,
        facts: Facts,
        ticket: TicketFacts,
        moment: Moment,
        *,
        history: HistoryFacts,
        levels: ServiceLevels,
        texts: TextCache,
    ) -> None:
        super().__init__()
        self.now = moment.at
        self._facts = facts
        self._ticket = ticket
        self._moment = moment
        self._history = history
        self._levels = levels
        self._texts = texts
        self._cut: dict[str, Sequence[Text]] = {}

    def __missing__(self, field: str) -> Sequence[Any]:
        values = self[field] = self._read(field)
        return values

    def texts(self, field: str) -> Sequence[Text]:
        """The field's texts, cut into words."""
        found = self._cut.get(field)
        if found is None:
            found = self._cut[field] = tuple(self._texts.cut(text) for text in self[field])
        return found

    def words(self) -> frozenset[str]:
        """All words that some condition may find."""
        return frozenset().union(*(text.words for text in self.texts("text")))

    def _read(self, field: str) -> Sequence[Any]:
        if field.startswith(_WAS):
            before = self._moment.before
            return () if before is None else self._of_ticket(field.removeprefix(_WAS), before)
        if field.startswith(_BECAME):
            return self._of_ticket(field.removeprefix(_BECAME), self._moment.after)
        if field in _OF_HISTORY:
            return _OF_HISTORY[field](self._history)
        if field in _OF_EVENT:
            return _OF_EVENT[field](self._moment.event) if self._moment.event is not None else ()
        if field in _OF_FAMILY:
            return (_OF_FAMILY[field](self._facts.family) if self._facts.family is not None else 0,)
        match field:
            case "by":
                return (self._moment.by,)
            case "family":
                return self._place_in_family()
            case "brand":
                return (self._facts.brand.id,)
            case "subject" | "text" | "message.text" | "requester":
                return self._words(field)
            case "in_hours":
                return [each.id for each in self._levels.calendars.values() if each.work.is_open(self.now)]
        return self._of_ticket(field, self._ticket)

    def _place_in_family(self) -> Sequence[Any]:
        if self._ticket.parent_id is not None:
            return ("child",)
        return ("parent",) if self._facts.family is not None and self._facts.family.total else ()

    def _of_ticket(self, field: str, ticket: TicketFacts) -> Sequence[Any]:
        if field.startswith(CUSTOM):
            return _scalars(ticket.custom_fields.get(field.removeprefix(CUSTOM)))
        return (self._facts.brand.id,) if field == "brand" else _OF_TICKET[field](ticket)

    def _words(self, field: str) -> Sequence[Any]:
        words, event = self._facts.words, self._moment.event
        if words is None:
            return ()
        message_id = event.message_id if event is not None else None
        texts = [each.text for each in words.messages if each.message_id == message_id]
        match field:
            case "subject":
                return (words.subject,)
            case "message.text":
                return texts
            case "requester":
                who = self._ticket.requester_id or UUID(int=0)
                return (Contact(who, words.requester_email, words.requester_name),)
        number = str(self._ticket.number)
        return (words.subject, words.requester_name, words.requester_email, number, *texts)


def who_did(event: EventFacts) -> str:
    """Who did what the event says, as conditions say it."""
    if event.by_requester or event.author_kind is AuthorKind.CUSTOMER:
        return "customer"
    try:
        UUID(event.actor)
    except ValueError:
        return "staff" if event.actor and event.actor != DESK and not event.decided else "desk"
    return "staff"


def _one(value: Any) -> Sequence[Any]:
    return () if value is None else (value,)


def _scalars(value: Any) -> Sequence[Any]:
    return tuple(item for item in (value if isinstance(value, list) else [value]) if labels(item))


def _at(anchor: Anchor | None) -> Sequence[Any]:
    return () if anchor is None else (anchor.at,)


_OF_TICKET: Mapping[str, Callable[[TicketFacts], Sequence[Any]]] = {
    "status": lambda ticket: (ticket.status.value,),
    "priority": lambda ticket: (ticket.priority.value,),
    "channel": lambda ticket: (ticket.channel.value,),
    "type": lambda ticket: labels(ticket.type),
    "team": lambda ticket: _one(ticket.team_id),
    "assignee": lambda ticket: _one(ticket.assignee_id),
    "category": lambda ticket: _one(ticket.category_id),
    "category_tree": category_line,
    "organisation": lambda ticket: _one(ticket.organisation_id),
    "tag": lambda ticket: labels(list(ticket.tags)),
    "number": lambda ticket: (ticket.number,),
    "created": lambda ticket: _one(ticket.created_at),
    "older": lambda ticket: _one(ticket.created_at),
    "snoozed": lambda ticket: _one(ticket.snoozed_until),
    "since.status": lambda ticket: (ticket.status_since,),
}
_OF_HISTORY: Mapping[str, Callable[[HistoryFacts], Sequence[Any]]] = {
    "customer_messages": lambda history: (history.customer_messages,),
    "agent_messages": lambda history: (history.agent_messages,),
    "reopened": lambda history: (history.reopened,),
    "since.customer_wrote": lambda history: _at(history.customer_wrote),
    "since.agent_wrote": lambda history: _at(history.agent_wrote),
    "since.unanswered": lambda history: _at(history.unanswered),
    "since.resolved": lambda history: _at(history.resolved),
}
_OF_EVENT: Mapping[str, Callable[[EventFacts], Sequence[Any]]] = {
    "message.visibility": lambda event: _one(event.visibility),
    "message.author": lambda event: _one(event.author_kind),
    "message.automatic": lambda event: ("yes" if event.automatic else "no",) if event.message_id else (),
}
_OF_FAMILY: Mapping[str, Callable[[FamilyFacts], int]] = {
    "children": lambda family: family.total,
    "open_children": lambda family: family.open,
}
# All that a rule may ask for, besides custom fields.
ASKABLE = frozenset({*_OF_TICKET, *_OF_HISTORY, *_OF_EVENT, *_OF_FAMILY, *_OF_MOMENT})
