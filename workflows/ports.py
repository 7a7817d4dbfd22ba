"""What workflows need of other parts, as protocols: the clients of the services and the sender of mail fit them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from services.domain import queue
from services.domain.bulk import BulkProgress
from services.domain.decision import Decision, Nudge, Plan
from services.domain.effects import ClaimedEffect, EffectOutcome, OutgoingMail
from services.domain.facts import FactNeed, Facts
from services.domain.family.model import CascadeProgress
from services.domain.routing_facts import RoutingFacts
from services.domain.staffing import Places
from services.domain.ticket import Brand


class Effects(Protocol):
    """What is to be delivered, as a delivery sees it."""

    async def claim_effect(self, effect_id: UUID, /, *, lease: timedelta) -> ClaimedEffect:
        """Take an effect; NotFound, InvalidTransition (nothing to do now), Conflict (another's lease runs)."""

    async def begin_effect(self, effect_id: UUID, /, *, fence: int) -> None:
        """Mark the point of no return; Conflict when the lease was lost."""

    async def renew_effect(self, effect_id: UUID, /, *, fence: int, lease: timedelta) -> None:
        """Keep the lease for as long again; Conflict when it was lost."""

    async def finish_effect(self, effect_id: UUID, /, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        """Record how it ended; Conflict when the lease was lost."""


class Orchestration(Effects, Protocol):
    """The tickets service as relay, workers and reconciliation use it; orchestration_service.proto says more."""

    async def get_for_decision(self, ticket_id: UUID, /, *, needs: Sequence[FactNeed] = ()) -> Facts:
        """All that a decision may look at, with what rules need; NotFound."""

    async def apply_decision(self, decision: Decision, /, *, facts: Facts, routing: RoutingFacts) -> Plan:
        """Store the decision and what it changes; Conflict when the ticket changed since the facts were read."""

    async def confirm_cut(self, rule_id: UUID, /, *, rule_version: int) -> None:
        """Routing has paused a rule that was cut."""

    async def claim_outbox(
        self, *, window: int, urgent_places: int, wait: timedelta, signalled: Sequence[UUID]
    ) -> Sequence[Nudge]:
        """Tickets to be signalled now; waits up to `wait` for the first. `signalled` were, of those claimed before."""

    async def release_outbox(self, ticket_ids: Sequence[UUID], /) -> None:
        """Give claimed tickets back that could not be signalled."""

    async def nudge_overdue(self, older_than: timedelta) -> int:
        """Nudge tickets that have waited too long, and say how many."""

    async def nudge_tickets(self, ticket_ids: Sequence[UUID], /) -> int:
        """Nudge these, at most 1,000, and say how many had something left to do."""

    async def list_live_tickets(self, *, page_size: int, page_token: str) -> tuple[Sequence[UUID], str]:
        """A page of the tickets whose workflow should run, soonest due first, and the next page's token."""

    async def keep_house(self) -> int:
        """Remove a piece of what nobody asks for any more, and say how many rows."""


class AccountMails(Protocol):
    """The identity service as relay and workers use it; account_mail_service.proto says more."""

    async def claim_account_mails(self, *, wait: timedelta) -> Sequence[UUID]:
        """Mails whose workflow is to be started now; waits up to `wait` for the first."""

    async def claim_account_mail(
        self, mail_id: UUID, /, *, lease: timedelta, from_address: str, from_name: str
    ) -> ClaimedEffect:
        """Take a mail; NotFound, InvalidTransition (nothing to do any more), Conflict (another's lease runs)."""

    async def begin_account_mail(self, mail_id: UUID, /, *, fence: int) -> None:
        """Mark the point of no return; Conflict when the lease was lost."""

    async def renew_account_mail(self, mail_id: UUID, /, *, fence: int, lease: timedelta) -> None:
        """Keep the lease for as long again; Conflict when it was lost."""

    async def finish_account_mail(self, mail_id: UUID, /, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        """Record how it ended; Conflict when the lease was lost."""


class Brands(Protocol):
    """The tickets service as far as it knows in whose name to write."""

    async def list_brands(self) -> Sequence[Brand]:
        """All brands by name."""


class Bulks(Protocol):
    """The tickets service as relay and workers use it for bulks; bulk_service.proto says more."""

    async def claim_bulk_jobs(self, *, wait: timedelta) -> Sequence[UUID]:
        """Bulks whose workflow is to be started now; waits up to `wait` for the first."""

    async def run_bulk_page(self, job_id: UUID, /) -> BulkProgress:
        """Change the next tickets; NotFound."""


class Cascades(Protocol):
    """The tickets service as workers use it for what settling a parent does to its children; family_service.proto."""

    async def run_cascade_page(self, cascade_id: UUID, /) -> CascadeProgress:
        """Change the next children; NotFound."""


class Routing(Protocol):
    """The routing service as `advance` uses it."""

    async def decide(self, facts: Facts, /) -> tuple[Decision, RoutingFacts]:
        """What is to happen to the ticket now, and what routing saw of its own."""

    async def cut_rule(self, rule_id: UUID, /, *, version: int, reason: str) -> None:
        """Pause a rule that ran in a circle, unless it is another version by now."""


class Queues(Protocol):
    """The tickets service as far as it knows who waits; queue_service.proto says more."""

    async def list_queues(self) -> queue.Queues:
        """Whether tickets wait, for whom, and who has tickets."""

    async def nudge_queues(
        self, places: Sequence[queue.FreePlace], *, revision: int, left_user_ids: Sequence[UUID]
    ) -> int:
        """Have as many waiting tickets looked at as there is room for; how many."""


class Staffing(Protocol):
    """The routing service as far as it knows who is free; staffing_service.proto says more."""

    async def watch_availability(self, *, after: int, wait: timedelta) -> int:
        """Waits up to `wait` until somebody came or teams or skills changed; the position after it."""

    async def find_places(self, waited_for_ids: Sequence[UUID], assignee_ids: Sequence[UUID], /) -> Places:
        """Who of those that tickets wait for can take one now, and who of the assignees left."""


class SendResult(Protocol):
    """How an attempt ended, and what the other side said."""

    @property
    def outcome(self) -> EffectOutcome:
        """Done, refused for now, or refused for good."""

    @property
    def detail(self) -> str:
        """The other side's words, for the ledger alone."""


class MailSender(Protocol):
    """Sends one mail. Any exception means that the outcome is not known."""

    async def send(self, mail: OutgoingMail, /, *, begin: Callable[[], Awaitable[None]]) -> SendResult:
        """Send it; `begin` is awaited just before the other side may take the mail."""


class ServiceLevels(Protocol):
    """Routing's service levels as planning anew uses them."""

    async def replan_tickets(self, *, wait: timedelta) -> int:
        """Have the next tickets planned under the present service levels, waiting for some; how many were looked at."""
