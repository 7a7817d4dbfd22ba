"""Teams, skills and people as they are now, with the calendars they work by."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from services.domain.staffing import Staffing
from services.routing.service_levels.current import CurrentServiceLevels
from services.routing.staffing.store import StaffingStore


class CurrentStaffing:
    """What decisions, pages and queues are made of."""

    def __init__(self, store: StaffingStore, service_levels: CurrentServiceLevels) -> None:
        self._store = store
        self._service_levels = service_levels

    async def read(self, *, team_ids: Collection[UUID] | None = None) -> Staffing:
        """These teams or all, with everybody who was seen."""
        levels = await self._service_levels.read()
        return replace(await self._store.read_staffing(team_ids=team_ids), calendars=levels.calendars)
