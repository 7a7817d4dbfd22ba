"""What events do to a ticket's clocks.

| clock           | begins                                   | ends                              |
|-----------------|------------------------------------------|-----------------------------------|
| first response  | the ticket                               | the first public word of an agent |
| next response   | a customer's word that nobody answers yet | a public word of an agent        |
| periodic update | a public word of an agent                | the next one                      |
| resolution      | the ticket                               | settling it                       |

Settling ends them all; reopening goes on with those that nobody met, in a new epoch with what was measured before, and
begins a next response. A status that the policy names pauses them, and the time of a pause is given back. To be merged
into another ticket or marked as spam ends them too, and meets none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.domain.clocks.model import (
    ALL_THE_TIME,
    Clock,
    ClockKind,
    ClockOutcome,
    Reckoning,
    Segment,
    SegmentState,
    instant_of,
)
from services.domain.clocks.policy import Policy, ServiceLevels
from services.domain.ticket import Priority, TicketStatus

Clocks = tuple[Clock, ...]


class Word(StrEnum):
    """What an event was to the clocks, besides the changes it made."""

    CREATED = "created"
    AGENT_WROTE = "agent_wrote"
    CUSTOMER_WROTE = "customer_wrote"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    SET_ASIDE = "set_aside"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Moment:
    """One event as the clocks see it, and the ticket after it; `policy` is the one that it has then.

    `woke` says that it ended a snooze: what the snooze kept from happening happens from here on."""

    at: datetime
    seq: int
    cause: str
    word: Word
    message_id: UUID | None
    status: TicketStatus
    priority: Priority
    policy: Policy | None
    woke: bool = False


def run_clocks(clocks: Clocks, moment: Moment, levels: ServiceLevels) -> Clocks:
    """The clocks after the event; those that had ended stay as they are."""
    work = levels.reckoning(moment.policy)
    running = list(clocks)
    if moment.word is Word.WITHDRAWN:
        running = _untold(running, moment)
    running = [_under(clock, moment, levels) if clock.is_live else clock for clock in running]
    for kind in _ended_by(moment):
        running = [_end(clock, moment, work) if clock.is_live and clock.kind is kind else clock for clock in running]
    running += list(_begun(running, moment))
    return tuple(_brought_up(clock, moment, levels) if clock.is_live else clock for clock in running)


def _ended_by(moment: Moment) -> Sequence[ClockKind]:
    if moment.status.is_settled:
        answered = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE) if moment.word is Word.AGENT_WROTE else ()
        return (*answered, *(kind for kind in ClockKind if kind not in answered))
    if moment.word is Word.AGENT_WROTE:
        return (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE, ClockKind.PERIODIC_UPDATE)
    return ()


def _end(clock: Clock, moment: Moment, work: Reckoning) -> Clock:
    clock = _cut(clock, moment.at, work)
    resolved = clock.kind is ClockKind.RESOLUTION and moment.word is not Word.SET_ASIDE
    answered = moment.word is Word.AGENT_WROTE or resolved
    late = clock.target is not None and clock.elapsed > clock.target
    if clock.target is None or not (answered or late):
        outcome = ClockOutcome.CANCELLED
    else:
        outcome = ClockOutcome.MISSED if late else ClockOutcome.MET
    ended_by = moment.message_id if moment.word is Word.AGENT_WROTE else None
    return replace(clock, outcome=outcome, ended_by=ended_by, reason=moment.cause)


def _begun(clocks: Sequence[Clock], moment: Moment) -> Iterator[Clock]:
    if moment.status.is_settled:
        return
    live = {clock.kind for clock in clocks if clock.is_live}
    for kind in _kinds_begun(clocks, moment):
        if kind not in live:
            yield Clock(
                kind,
                moment.seq,
                (Segment(SegmentState.RUNNING, moment.at, None, timedelta(), moment.cause),),
                carried=_carried(clocks, kind, moment),
                begun_by=moment.message_id if moment.word is Word.AGENT_WROTE else None,
                steps_from=moment.at,
            )


def _kinds_begun(clocks: Sequence[Clock], moment: Moment) -> Iterator[ClockKind]:
    unanswered = _is_unanswered(clocks)
    match moment.word:
        case Word.CREATED:
            yield from (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION)
        case Word.AGENT_WROTE:
            yield ClockKind.PERIODIC_UPDATE
        case Word.CUSTOMER_WROTE | Word.REOPENED:
            yield ClockKind.FIRST_RESPONSE if unanswered else ClockKind.NEXT_RESPONSE
    if any(clock.kind is ClockKind.RESOLUTION for clock in clocks):
        yield ClockKind.RESOLUTION


def _is_unanswered(clocks: Sequence[Clock]) -> bool:
    """Whether nobody has given the first response yet: resolving without an answer is none."""
    first = [clock for clock in clocks if clock.kind is ClockKind.FIRST_RESPONSE]
    return bool(first) and (first[-1].is_live or first[-1].ended_by is None)


def _carried(clocks: Sequence[Clock], kind: ClockKind, moment: Moment) -> timedelta:
    """A clock that settling ended goes on where it was; an answer, a word or an update is measured anew."""
    goes_on = kind in (ClockKind.FIRST_RESPONSE, ClockKind.RESOLUTION) and moment.word is not Word.CREATED
    before = [clock for clock in clocks if clock.kind is kind]
    return before[-1].elapsed if goes_on and before else timedelta()


def _untold(clocks: Sequence[Clock], moment: Moment) -> list[Clock]:
    """An agent's word was taken back: what it ended goes on as if nothing had been, and what it began is nothing."""
    kept = []
    for clock in clocks:
        if clock.ended_by is not None and clock.ended_by == moment.message_id:
            last = replace(clock.segments[-1], ended_at=None, worked=timedelta())
            segments = (*clock.segments[:-1], last)
            clock = replace(clock, segments=segments, outcome=None, ended_by=None, steps_from=moment.at)
        elif clock.is_live and clock.begun_by is not None and clock.begun_by == moment.message_id:
            clock = replace(_cut(clock, moment.at, ALL_THE_TIME), outcome=ClockOutcome.CANCELLED, reason=moment.cause)
        kept.append(clock)
    return kept


def _brought_up(clock: Clock, moment: Moment, levels: ServiceLevels) -> Clock:
    """A live clock under the ticket's policy, priority and status as they are from this moment on."""
    policy, work = moment.policy, levels.reckoning(moment.policy)
    clock = _under(clock, moment, levels)
    pauses = policy is not None and moment.status in policy.pauses
    if moment.woke:
        clock = replace(clock, steps_from=moment.at)
    clock = _switched(clock, SegmentState.PAUSED if pauses else SegmentState.RUNNING, moment, work)
    return replace(clock, due_at=_limit(clock, work))


def _under(clock: Clock, moment: Moment, levels: ServiceLevels) -> Clock:
    policy, calendar = moment.policy, levels.calendar(moment.policy)
    terms: dict[str, Any] = {
        "policy_id": policy.id if policy else None,
        "policy_version": policy.version if policy else 0,
        "calendar_id": calendar.id if calendar else None,
        "calendar_version": calendar.version if calendar else 0,
        "target": policy.target_of(clock.kind, moment.priority) if policy else None,
    }
    if all(getattr(clock, name) == value for name, value in terms.items()):
        return clock
    work = levels.reckoning(policy)
    segments = tuple(_measured(part, work) for part in clock.segments)
    name = policy.name if policy else "no policy"
    target = f"{terms['target']}" if terms["target"] is not None else "no target"
    reason = f"{moment.cause}: {name}, priority {moment.priority}, {target}"
    # What the new terms put into the past fires now, and not before the change that made it so.
    return replace(clock, segments=segments, steps_from=moment.at, reason=reason, **terms)


def _measured(part: Segment, work: Reckoning) -> Segment:
    if part.ended_at is None:
        return part
    return replace(part, worked=work.working_time_between(part.began_at, part.ended_at))


def _switched(clock: Clock, state: SegmentState, moment: Moment, work: Reckoning) -> Clock:
    last = clock.segments[-1]
    if last.ended_at is None and last.state is state:
        return clock
    clock = _cut(clock, moment.at, work)
    # A segment of no length says nothing: to pause and resume at one instant changes nothing.
    parts = [part for part in clock.segments if part.began_at != part.ended_at]
    if parts and parts[-1].state is state and parts[-1].ended_at == moment.at:
        parts[-1] = replace(parts[-1], ended_at=None, worked=timedelta())
    else:
        parts.append(Segment(state, moment.at, None, timedelta(), moment.cause))
    return replace(clock, segments=tuple(parts))


def _cut(clock: Clock, at: datetime, work: Reckoning) -> Clock:
    last = clock.segments[-1]
    if last.ended_at is not None:
        return clock
    # An event's instant may lie before one that was committed earlier; time does not run backwards for a clock.
    last = _measured(replace(last, ended_at=max(at, last.began_at)), work)
    return replace(clock, segments=(*clock.segments[:-1], last))


def _limit(clock: Clock, work: Reckoning) -> datetime | None:
    return None if clock.target is None else instant_of(clock, clock.target, work)
