"""The statements of this service, by name, and what its constraints mean."""

from typing import Final

from services.common.sql import Queries, load_queries
from services.domain.errors import AlreadyExists, DuradeskError, InvalidTransition

QUERIES: Final[Queries] = load_queries("services.identity")


def _email_taken() -> DuradeskError:
    return AlreadyExists("Another account has this e-mail address.", reason="EMAIL_TAKEN")


def _not_accepted() -> DuradeskError:
    return InvalidTransition("They have not accepted their invitation yet: send it again.", reason="NOT_ACCEPTED")


CONSTRAINT_ERRORS = {"users_email_key": _email_taken, "users_password": _not_accepted}
