"""The one tree of errors: raised in domain and store, carried over gRPC, told as problem+json at the HTTP edge.

A message says what was wrong and what would be right; it may reach the caller, so it never quotes a secret.
"""

from collections.abc import Mapping


class DuradeskError(Exception):
    """The root. `reason` is a stable UPPER_SNAKE code for machines, `metadata` holds short strings about the case."""

    reason = "INTERNAL"

    def __init__(self, message: str, *, reason: str | None = None, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or type(self).reason
        self.metadata = dict(metadata or {})


class NotFound(DuradeskError):
    """No such thing, or none that the caller may see: the two answers are the same on purpose."""

    reason = "NOT_FOUND"


class Invalid(DuradeskError):
    """The input breaks a rule; `violations` maps a field path to what would be right there."""

    reason = "INVALID"

    def __init__(
        self,
        message: str,
        *,
        violations: Mapping[str, str] | None = None,
        reason: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, reason=reason, metadata=metadata)
        self.violations = dict(violations or {})


class InvalidTransition(DuradeskError):
    """The ticket's state does not allow the change; the message names what it does allow."""

    reason = "INVALID_TRANSITION"


class AlreadyExists(DuradeskError):
    """The same thing was made before, with other content."""

    reason = "ALREADY_EXISTS"


class Conflict(DuradeskError):
    """Somebody else changed it meanwhile: read again, then decide again."""

    reason = "CONFLICT"


class Unauthenticated(DuradeskError):
    """Nobody, or nobody we know any more, is asking."""

    reason = "UNAUTHENTICATED"


class Forbidden(DuradeskError):
    """The caller is known and may not do this."""

    reason = "FORBIDDEN"


class ResourceExhausted(DuradeskError):
    """Too much or too often: the message says the limit and when to try again."""

    reason = "RESOURCE_EXHAUSTED"


class Unavailable(DuradeskError):
    """A part that is needed does not answer just now; the same call may be made again."""

    reason = "UNAVAILABLE"
