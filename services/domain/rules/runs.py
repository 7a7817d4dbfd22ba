"""How much a rule has done."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RuleRuns:
    """When a rule did something last, None for never, and how often within the last 7 days."""

    rule_id: UUID
    last_ran_at: datetime | None = None
    recent_runs: int = 0
