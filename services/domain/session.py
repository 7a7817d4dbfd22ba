"""Sessions on the pages: how long one lasts, and what its owner sees of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

# A session that nobody uses ends; so does one that has been used for long (OWASP, session management).
IDLE_LIFETIME = timedelta(hours=12)
LONGEST_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class IssuedSession:
    """The secret of a new session, said once, and a mark for the browser that it has signed in to this account."""

    token: str
    device: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it: where from, with which browser, since when and used when."""

    id: UUID
    source: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    is_current: bool
