"""The plan of dues: what will happen to a ticket by itself, and when, under the brand's present times.

A due's key holds its kind and the epoch of the status that it waits on, so a changed brand setting moves the due and
never makes a second one, and a reply begins a new epoch and ends the old dues.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.domain.clocks.ladder import plan_clocks
from services.domain.clocks.model import Clock
from services.domain.clocks.policy import NO_SERVICE_LEVELS, Policy, ServiceLevels
from services.domain.facts import FiredDue, MovedDue, PromiseFacts, ReminderFacts, TicketFacts
from services.domain.ticket import Brand, Due, DueKind, TicketStatus


def due_key(kind: DueKind, epoch: int) -> str:
    """The name under which a due fires once: "auto_close/7"."""
    return f"{kind.value}/{epoch}"


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What a ticket's clocks are planned from: the clocks and the policy that applies to them."""

    clocks: tuple[Clock, ...] = ()
    policy: Policy | None = None
    levels: ServiceLevels = NO_SERVICE_LEVELS


def plan_dues(
    ticket: TicketFacts,
    brand: Brand,
    fired: Sequence[FiredDue],
    *,
    moved: Sequence[MovedDue] = (),
    reminders: Sequence[ReminderFacts] = (),
    promise: PromiseFacts | None = None,
    service: ServiceLevel = ServiceLevel(),
    rules: Sequence[Due] = (),
    overflow: Due | None = None,
) -> tuple[Due, ...]:
    """All dues of the ticket that have not fired, soonest first; one that somebody moved is where they put it."""
    fired_at = {due.key: due.fired_at for due in fired}
    moved_to = {due.key: due.due_at for due in moved}
    match ticket.status:
        case _ if ticket.snoozed_until is not None:
            # Whoever waits for an instant waits for nothing else: no reminder, no resolve by idleness.
            dues = [_wake(ticket, ticket.snoozed_until)]
        case TicketStatus.PENDING:
            dues = _while_pending(ticket, brand, fired_at)
        case TicketStatus.RESOLVED:
            dues = _while_resolved(ticket, brand)
        case _:
            dues = []
    if not ticket.status.is_settled and ticket.snoozed_until is None:
        dues += plan_clocks(service.clocks, service.policy, service.levels)
        dues += [overflow] if overflow is not None else []
    if promise is not None and not ticket.status.is_settled and not _is_kept(promise):
        key = due_key(DueKind.PROMISED_UPDATE, promise.seq)
        dues.append(Due(key, DueKind.PROMISED_UPDATE, promise.promised_at, "update promised to the customer"))
    dues += rules
    # Whoever wants to be reminded is, whatever has become of the ticket.
    dues += [
        Due(due_key(DueKind.REMINDER, wanted.seq), DueKind.REMINDER, wanted.remind_at, "reminder of a colleague")
        for wanted in reminders
    ]
    open_dues = (replace(due, due_at=moved_to.get(due.key, due.due_at)) for due in dues if due.key not in fired_at)
    return tuple(sorted(open_dues, key=lambda due: (due.due_at, due.key)))


def _is_kept(promise: PromiseFacts) -> bool:
    return promise.kept_at is not None and promise.kept_at <= promise.promised_at


def _wake(ticket: TicketFacts, snoozed_until: datetime) -> Due:
    key = due_key(DueKind.SNOOZE_WAKE, ticket.snooze_epoch)
    return Due(key, DueKind.SNOOZE_WAKE, snoozed_until, "snoozed until then")


def _while_pending(ticket: TicketFacts, brand: Brand, fired_at: dict[str, datetime]) -> list[Due]:
    remind, resolve = brand.idle_remind_after, brand.idle_resolve_after
    dues: list[Due] = []
    reminder_key = due_key(DueKind.IDLE_REMINDER, ticket.status_epoch)
    if remind is not None and ticket.requester_reachable and (resolve is None or remind < resolve):
        reason = f"no answer from the customer for {words(remind)}"
        dues.append(Due(reminder_key, DueKind.IDLE_REMINDER, ticket.status_since + remind, reason))
    if resolve is not None:
        due_at = ticket.status_since + resolve
        # A reminder that went out late leaves the customer as much time to answer as a punctual one.
        if remind is not None and reminder_key in fired_at:
            due_at = max(due_at, fired_at[reminder_key] + (resolve - remind))
        key = due_key(DueKind.IDLE_RESOLVE, ticket.status_epoch)
        dues.append(Due(key, DueKind.IDLE_RESOLVE, due_at, f"no answer from the customer for {words(resolve)}"))
    return dues


def _while_resolved(ticket: TicketFacts, brand: Brand) -> list[Due]:
    if brand.auto_close_after is None:
        return []
    key = due_key(DueKind.AUTO_CLOSE, ticket.status_epoch)
    reason = f"resolved for {words(brand.auto_close_after)} without a new word from the customer"
    return [Due(key, DueKind.AUTO_CLOSE, ticket.status_since + brand.auto_close_after, reason)]


def words(duration: timedelta) -> str:
    """A duration as people say it: "3 days", "1 hour 30 minutes"."""
    seconds = round(duration.total_seconds())
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"
