"""Who gets what of a ticket: followers, the assignee, and nobody twice or of their own acts."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.domain.decide import decide
from services.domain.effects import EffectKind, PlannedEffect
from services.domain.facts import EventFacts, FollowerFacts
from services.domain.followers import why_not_told
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Role
from services.domain.ticket import EventKind, FollowerKind
from services.domain.user import User
from tests.unit.factories import (
    ANN,
    BEN,
    CAT,
    MESSAGE,
    NOON,
    agent_reply,
    make_brand,
    make_event,
    make_facts,
    make_routing,
    make_ticket,
)

CLEO, DORA, EVE = (UUID(int=number) for number in (31, 32, 33))


def customer(person: UUID, since: int = 1) -> FollowerFacts:
    return FollowerFacts(person, FollowerKind.CUSTOMER, since)


def staff(person: UUID, since: int = 1) -> FollowerFacts:
    return FollowerFacts(person, FollowerKind.STAFF, since)


def effects(event: EventFacts, *followers: FollowerFacts, **ticket: Any) -> list[PlannedEffect]:
    facts = make_facts(ticket=make_ticket(**ticket), events=(event,), followers=followers)
    return list(decide(facts, make_routing()).effects)


def wrote(**overrides: Any) -> EventFacts:
    return agent_reply(6, **{"author_kind": AuthorKind.CUSTOMER, "actor": str(CLEO)} | overrides)


def note(by: UUID) -> EventFacts:
    return agent_reply(6, visibility=Visibility.INTERNAL, actor=str(by))


def assigned(to: UUID | None, *, by: str) -> EventFacts:
    return make_event(6, EventKind.TICKET_ASSIGNED, assignee_id=to, actor=by)


def test_a_public_reply_goes_once_to_the_requester_and_to_each_customer_who_follows() -> None:
    planned = effects(agent_reply(6), customer(DORA), customer(EVE), staff(BEN))
    assert [(mail.key, mail.kind, mail.contact_id) for mail in planned] == [
        (f"reply/{MESSAGE}", EffectKind.REPLY_MAIL, None),
        (f"reply/{MESSAGE}/{DORA}", EffectKind.REPLY_MAIL, DORA),
        (f"reply/{MESSAGE}/{EVE}", EffectKind.REPLY_MAIL, EVE),
    ]


def test_nothing_from_before_they_followed_is_sent() -> None:
    assert [mail.contact_id for mail in effects(agent_reply(6), customer(DORA, since=7))] == [None]
    assert [mail.user_id for mail in effects(wrote(), staff(BEN, since=7))] == [ANN]


def test_followers_get_a_reply_when_the_requester_cannot_be_reached() -> None:
    assert [mail.contact_id for mail in effects(agent_reply(6), customer(DORA), requester_reachable=False)] == [DORA]


def test_a_reply_that_was_taken_back_goes_to_nobody() -> None:
    assert effects(agent_reply(6, withdrawn=True), customer(DORA)) == []


@pytest.mark.parametrize(
    ("event", "kind", "told"),
    [
        (wrote(), EffectKind.CUSTOMER_WROTE_MAIL, [ANN, BEN]),
        (note(by=CAT), EffectKind.NOTE_MAIL, [ANN, BEN]),
        (note(by=ANN), EffectKind.NOTE_MAIL, [BEN]),
        (note(by=BEN), EffectKind.NOTE_MAIL, [ANN]),
        (assigned(ANN, by=str(BEN)), EffectKind.ASSIGNED_MAIL, [ANN]),
        (assigned(ANN, by=str(ANN)), EffectKind.ASSIGNED_MAIL, []),
        (assigned(CAT, by=str(BEN)), EffectKind.ASSIGNED_MAIL, []),
        (assigned(None, by=str(BEN)), EffectKind.ASSIGNED_MAIL, []),
        (agent_reply(6, actor=str(CAT)), EffectKind.CUSTOMER_WROTE_MAIL, []),
        (make_event(6, EventKind.TICKET_RESOLVED, actor=str(CAT)), EffectKind.NOTE_MAIL, []),
    ],
)
def test_the_staff_are_told_once_of_what_others_did(event: EventFacts, kind: EffectKind, told: list[UUID]) -> None:
    # The assignee follows as well: that is no second mail.
    notices = [mail for mail in effects(event, staff(ANN), staff(BEN), customer(DORA)) if mail.user_id]
    assert [(mail.user_id, mail.kind, mail.key) for mail in notices] == [
        (person, kind, f"notice/6/{person}") for person in told
    ]
    assert all((mail.not_before, mail.contact_id) == (NOON, None) for mail in notices)


def test_a_note_is_for_no_customer() -> None:
    assert [mail.contact_id for mail in effects(note(by=CAT), customer(DORA)) if not mail.user_id] == []


def test_a_brand_may_tell_the_staff_nothing_by_mail() -> None:
    facts = make_facts(brand=make_brand(staff_notices=False), events=(wrote(),))
    assert decide(facts, make_routing()).effects == ()


def test_facts_from_before_there_were_followers_are_decided_as_they_were() -> None:
    events = (agent_reply(6), replace(wrote(), seq=7, actor=""), replace(note(by=CAT), seq=8, actor=""))
    decision = decide(make_facts(events=events), make_routing())
    assert [mail.key for mail in decision.effects] == [f"reply/{MESSAGE}"]
    assert all("followers" not in line.outcome for line in decision.trace)


@pytest.mark.parametrize(
    ("role", "active", "follows", "is_assignee", "told"),
    [
        (Role.AGENT, True, True, False, True),
        (Role.AGENT, True, False, True, True),
        (Role.AGENT, True, False, False, False),
        (Role.AGENT, False, True, True, False),
        (Role.CUSTOMER, True, True, True, False),
        (Role.LIGHT_AGENT, True, True, False, False),
        (Role.LIGHT_AGENT, True, False, True, True),
    ],
)
def test_only_who_may_still_see_the_ticket_and_has_to_do_with_it_is_told(
    role: Role, active: bool, follows: bool, is_assignee: bool, told: bool
) -> None:
    ben = User(BEN, "ben@desk.example", "Ben", role, active, None, NOON)
    assert (why_not_told(ben, follows=follows, assignee_id=BEN if is_assignee else ANN) == "") is told
    assert why_not_told(None, follows=True, assignee_id=BEN)
