"""Planning anew: after service levels changed, has the tickets planned under them, a few at a time, until all are.

It keeps nothing: each ticket tells of which service levels its plan is, so what was cut off is simply gone on with.
"""

import asyncio
from datetime import timedelta

import structlog

from services.domain.errors import DuradeskError
from workflows.patience import Outage, cut_off_by, pause
from workflows.ports import ServiceLevels

_WAIT = timedelta(seconds=20)
# Between two pages: decisions are made by the same process that reckons them.
_BREATH_SECONDS = 0.1

log = structlog.get_logger()


class Replanning:
    """Asks routing again and again whether tickets are to be planned anew."""

    def __init__(self, service_levels: ServiceLevels) -> None:
        self._service_levels = service_levels
        self._routing = Outage("routing")
        self._looked_at = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until the process is to stop; a part that is away is waited for."""
        while not stopping.is_set():
            try:
                await cut_off_by(stopping, self.look())
                self._routing.is_over()
            except DuradeskError as error:
                await pause(self._routing.goes_on(error), stopping)
            else:
                await pause(_BREATH_SECONDS, stopping)

    async def look(self) -> int:
        """Have the next tickets planned anew, as soon as there are some; how many were looked at."""
        looked_at = await self._service_levels.replan_tickets(wait=_WAIT)
        self._looked_at += looked_at
        if self._looked_at and not looked_at:
            log.info("replan.looked", tickets=self._looked_at)
            self._looked_at = 0
        return looked_at
