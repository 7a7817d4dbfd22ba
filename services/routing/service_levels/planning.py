"""What changed service levels mean to open tickets: shown before they are saved, and brought about afterwards."""

import time

from services.domain.clocks.policy import ServiceLevels
from services.domain.clocks.preview import LevelsPreview, Look, look_at, sum_up
from services.domain.clocks.replan import replan
from services.routing.service_levels.current import CurrentServiceLevels
from services.tickets.client.planning import PlanningClient

# Of one preview: well below what a call may take at most.
_LONGEST_LOOK_SECONDS = 30.0
# Longer than a decision under way takes, which may still be made under the service levels before.
_OFTEN_SECONDS = 30.0
_EVERY_SECONDS = 15.0


class Planning:
    """Reckons with what the tickets service tells of its tickets; keeps nothing. A page of them at a time, since
    decisions wait meanwhile.
    """

    def __init__(self, tickets: PlanningClient, current: CurrentServiceLevels) -> None:
        self._tickets = tickets
        self._current = current
        self._replanned_to = 0
        self._often_until = self._look_at = 0.0

    async def preview(self, after: ServiceLevels) -> LevelsPreview:
        """What these service levels would do to open tickets instead of those that count now."""
        before, looks, token = await self._current.read(), list[Look](), ""
        end = time.monotonic() + _LONGEST_LOOK_SECONDS
        while time.monotonic() < end:
            page = await self._tickets.list_measured_tickets(page_token=token)
            looks += [look_at(measured, before, after, now=page.now) for measured in page.tickets]
            token = page.next_page_token
            if not token:
                return sum_up(looks, complete=True)
        return sum_up(looks, complete=False)

    async def replan(self) -> int:
        """Have the next tickets planned under the service levels that count now; how many were looked at.

        What was cut off in the middle is looked at again: a ticket tells itself of which revision its plan is. Some
        seconds after a change and after the last ticket found, the tickets are asked now and then only.
        """
        levels, now = await self._current.read(), time.monotonic()
        if levels.revision == self._replanned_to and now < self._look_at:
            return 0
        page = await self._tickets.list_outdated_tickets(revision=levels.revision)
        if page.tickets:
            replanned = [replan(measured, levels, now=page.now) for measured in page.tickets]
            await self._tickets.replan_tickets(replanned, revision=levels.revision)
        if page.tickets or levels.revision != self._replanned_to:
            self._replanned_to, self._often_until = levels.revision, now + _OFTEN_SECONDS
        self._look_at = now if now < self._often_until else now + _EVERY_SECONDS
        return len(page.tickets)
