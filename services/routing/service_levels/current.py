"""The service levels as they are now, compiled once for each change, and as they were."""

from services.domain.clocks.policy import NO_SERVICE_LEVELS, ServiceLevels
from services.routing.service_levels.convert import service_levels_of
from services.routing.service_levels.store import ServiceLevelStore


class CurrentServiceLevels:
    """Asks for the revision each time, and for the rest only when it is another one."""

    def __init__(self, store: ServiceLevelStore) -> None:
        self._store = store
        self._levels = NO_SERVICE_LEVELS

    @property
    def known(self) -> ServiceLevels:
        """As they were last read: those that count, if they are of the present revision."""
        return self._levels

    async def read(self) -> ServiceLevels:
        """The service levels that count now."""
        if await self._store.read_revision() != self._levels.revision:
            revision, documents = await self._store.list_documents()
            known = self._levels.calendars
            self._levels = service_levels_of(documents, revision=revision, known=known)
        return self._levels

    async def read_at(self, revision: int) -> ServiceLevels:
        """The service levels that counted at a revision."""
        if revision == self._levels.revision:
            return self._levels
        return service_levels_of(await self._store.list_documents_at(revision), revision=revision)
