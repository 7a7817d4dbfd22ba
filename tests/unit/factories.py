"""Facts as tests want them: say only what matters."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.domain.facts import EventFacts, Facts, TicketFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.routing_facts import Candidate, RoutingFacts
from services.domain.ticket import Brand, Channel, EventKind, Priority, TicketStatus

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEAM = UUID(int=1)
ANN, BEN, CAT = (UUID(int=number) for number in (11, 12, 13))
MESSAGE = UUID(int=99)


def make_brand(**overrides: Any) -> Brand:
    brand = Brand(UUID(int=2), "Acme", "help@acme.example", 3 * DAY, 7 * DAY, 4 * DAY, 1)
    return replace(brand, **overrides)


def make_ticket(**overrides: Any) -> TicketFacts:
    ticket = TicketFacts(
        id=UUID(int=3),
        number=42,
        channel=Channel.MAIL,
        status=TicketStatus.PENDING,
        status_since=NOON,
        status_epoch=5,
        priority=Priority.NORMAL,
        team_id=TEAM,
        assignee_id=ANN,
        requester_reachable=True,
        sender_proven=True,
        version=5,
    )
    return replace(ticket, **overrides)


def make_event(seq: int, kind: EventKind = EventKind.TICKET_CREATED, **overrides: Any) -> EventFacts:
    return replace(EventFacts(seq, kind, NOON), **overrides)


def agent_reply(seq: int, **overrides: Any) -> EventFacts:
    return make_event(
        seq,
        EventKind.MESSAGE_ADDED,
        **{
            "message_id": MESSAGE,
            "message_hash": "ab" * 32,
            "visibility": Visibility.PUBLIC,
            "author_kind": AuthorKind.AGENT,
        }
        | overrides,
    )


def make_facts(**overrides: Any) -> Facts:
    facts = Facts(now=NOON, ticket=make_ticket(), brand=make_brand(), events=(), more=False, planned=(), fired=())
    return replace(facts, **overrides)


def make_routing(*members: UUID, **overrides: Any) -> RoutingFacts:
    people = tuple(Candidate(member, "active member") for member in members or (ANN, BEN, CAT))
    return replace(RoutingFacts(TEAM, "Support", 1, people, assignee_active=True), **overrides)
