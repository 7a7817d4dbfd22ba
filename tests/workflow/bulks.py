"""Bulks in memory, whose pages do as a test tells them."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from services.domain.bulk import PAGE, BulkProgress
from services.domain.errors import NotFound


class Bulks:
    """How many tickets each bulk has, and how many it has handled; `failures` are raised first, in turn."""

    def __init__(self) -> None:
        self.totals: dict[UUID, int] = {}
        self.handled: dict[UUID, int] = {}
        self.failures: list[Exception] = []
        self.wanted: asyncio.Queue[UUID] = asyncio.Queue()

    def add(self, total: int) -> UUID:
        job_id = uuid4()
        self.totals[job_id], self.handled[job_id] = total, 0
        self.wanted.put_nowait(job_id)
        return job_id

    async def claim_bulk_jobs(self, *, wait: timedelta) -> tuple[UUID, ...]:
        try:
            return (await asyncio.wait_for(self.wanted.get(), wait.total_seconds()),)
        except TimeoutError:
            return ()

    async def run_bulk_page(self, job_id: UUID) -> BulkProgress:
        if self.failures:
            raise self.failures.pop(0)
        if job_id not in self.totals:
            raise NotFound("This bulk does not exist.")
        total = self.totals[job_id]
        left = total - self.handled[job_id]
        self.handled[job_id] += min(left, PAGE)
        return BulkProgress(left < PAGE, self.handled[job_id], total)
