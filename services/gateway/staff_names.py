"""Who of the staff has which name, kept for moments: identity is not asked once more for each page of a list."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from services.domain.words import fold
from services.identity.client import IdentityClient

_KEPT_SECONDS = 5.0


class StaffNames:
    """Asked in the name of somebody who may read the directory.

    An answer is kept for 5 s: for so long a name that somebody gave up still finds them.
    """

    def __init__(self, identity: IdentityClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._identity = identity
        self._clock = clock
        self._people: Mapping[str, Sequence[UUID]] = {}
        self._until = -math.inf

    async def find(self, wanted: Collection[str]) -> Mapping[str, Sequence[UUID]]:
        """All by folded name, which several may have, and by address; anew when one of those wanted is not known."""
        if self._clock() >= self._until or not self._people.keys() >= set(wanted):
            until, people = self._clock() + _KEPT_SECONDS, defaultdict[str, list[UUID]](list)
            for user in await self._identity.list_users():
                people[fold(user.name)].append(user.id)
                people[fold(user.email)].append(user.id)
            self._people, self._until = dict(people), until
        return self._people
