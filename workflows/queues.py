"""The queues of teams: brings together who waits (the tickets service knows) and who is free (routing knows).

It looks whenever somebody came or teams or skills changed, and as often as the reconciler looks for what happens by the
clock alone: hours that begin, an absence that ends, somebody who left. It keeps nothing: a look too many nudges nobody
twice, and a lost one costs seconds. Who has a ticket less is found by the tickets service itself.
"""

import asyncio
from datetime import timedelta

import structlog

from services.domain.errors import DuradeskError
from workflows.patience import Outage, cut_off_by, pause
from workflows.ports import Queues, Staffing

_EVERY = timedelta(seconds=15)

log = structlog.get_logger()


class QueueKeeper:
    """Has waiting tickets looked at, as many as there are free places, in the order of the queues."""

    def __init__(self, queues: Queues, staffing: Staffing) -> None:
        self._queues = queues
        self._staffing = staffing
        self._outage = Outage("queues")

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at every change and every 15 s until the process is to stop."""
        seen = -1
        while not stopping.is_set():
            try:
                position = await cut_off_by(stopping, self._staffing.watch_availability(after=seen, wait=_EVERY))
                if position is not None:
                    await self.look()
                    seen = position
                self._outage.is_over()
            except DuradeskError as error:
                seen = -1
                await pause(self._outage.goes_on(error), stopping)

    async def look(self) -> int:
        """Nudge what can go on now; how many tickets. Unavailable when a service does not answer."""
        queues = await self._queues.list_queues()
        if not queues.is_waiting and not queues.assignee_ids:
            return 0
        found = await self._staffing.find_places(queues.waited_for_ids, queues.assignee_ids)
        nudged = await self._queues.nudge_queues(
            found.places, revision=found.revision, left_user_ids=found.left_user_ids
        )
        if nudged:
            log.info("queues.nudged", nudged=nudged)
        return nudged
