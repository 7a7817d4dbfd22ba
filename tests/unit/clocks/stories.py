"""Stories of a ticket as its clocks see it, told by the minute."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.domain.actions import Action, ActionKind
from services.domain.clocks.model import Clock, ClockKind
from services.domain.clocks.policy import ClockLadder, Ladder, LadderStep, Policy, ServiceLevels, StepWhen, Target
from services.domain.clocks.running import Moment, Word, run_clocks
from services.domain.ticket import Priority, TicketStatus

START = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)
LADDER = Ladder(
    UUID(int=71),
    "Standard",
    (
        LadderStep("half", StepWhen.SHARE, (Action(ActionKind.ADD_TAG, tag="half"),), share=50),
        LadderStep("soon", StepWhen.BEFORE, (Action(ActionKind.RAISE_PRIORITY),), offset=10 * MINUTE),
        LadderStep("late", StepWhen.AFTER, (Action(ActionKind.RAISE_PRIORITY),), offset=60 * MINUTE),
    ),
)


def make_policy(**overrides: Any) -> Policy:
    targets = tuple(Target(kind, 60 * MINUTE) for kind in ClockKind)
    ladders = (ClockLadder(ClockKind.FIRST_RESPONSE, LADDER.id),)
    return replace(Policy(UUID(int=72), "Gold", 1, "", None, targets, ladders), **overrides)


@dataclass
class Story:
    """A ticket's clocks; `do` tells what happens so many minutes after the start."""

    policy: Policy | None = field(default_factory=make_policy)
    levels: ServiceLevels = field(default_factory=lambda: ServiceLevels(ladders={LADDER.id: LADDER}))
    clocks: tuple[Clock, ...] = ()
    status: TicketStatus = TicketStatus.NEW
    priority: Priority = Priority.NORMAL
    seq: int = 0

    def do(
        self,
        minute: float,
        word: Word = Word.OTHER,
        status: TicketStatus | None = None,
        *,
        priority: Priority | None = None,
        message_id: UUID | None = None,
    ) -> "Story":
        self.seq += 1
        self.status, self.priority = status or self.status, priority or self.priority
        said = word in (Word.AGENT_WROTE, Word.CUSTOMER_WROTE)
        moment = Moment(
            at=START + minute * MINUTE,
            seq=self.seq,
            cause=f"event {self.seq}",
            word=word,
            message_id=message_id or (uuid4() if said else None),
            status=self.status,
            priority=self.priority,
            policy=self.policy,
        )
        self.clocks = run_clocks(self.clocks, moment, self.levels)
        return self

    def of(self, kind: ClockKind) -> list[Clock]:
        return [clock for clock in self.clocks if clock.kind is kind]

    def last(self, kind: ClockKind) -> Clock:
        return self.of(kind)[-1]

    def live(self) -> dict[ClockKind, float | None]:
        """The live clocks and the minutes at which they are due."""
        return {
            clock.kind: None if clock.due_at is None else (clock.due_at - START) / MINUTE
            for clock in self.clocks
            if clock.is_live
        }
