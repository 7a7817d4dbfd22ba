"""Cascades in memory, whose pages do as a test tells them."""

from uuid import UUID, uuid4

from services.domain.errors import NotFound
from services.domain.family.model import PAGE, CascadeAct, CascadeProgress


class Cascades:
    """Which cascade each parent has, and of how many children; `failures` are raised first, in turn."""

    def __init__(self) -> None:
        self.running: dict[UUID, UUID] = {}
        self.totals: dict[UUID, int] = {}
        self.handled: dict[UUID, int] = {}
        self.failures: list[Exception] = []

    def begin(self, parent_id: UUID, total: int) -> UUID:
        cascade_id = uuid4()
        self.running[parent_id], self.totals[cascade_id], self.handled[cascade_id] = cascade_id, total, 0
        return cascade_id

    async def run_cascade_page(self, cascade_id: UUID) -> CascadeProgress:
        if self.failures:
            raise self.failures.pop(0)
        if cascade_id not in self.totals:
            raise NotFound("This cascade does not exist.")
        total = self.totals[cascade_id]
        left = total - self.handled[cascade_id]
        self.handled[cascade_id] += min(left, PAGE)
        if left < PAGE:
            self.running = {parent: running for parent, running in self.running.items() if running != cascade_id}
        return CascadeProgress(left < PAGE, CascadeAct.CLOSE, self.handled[cascade_id], total)
