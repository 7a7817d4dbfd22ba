"""The statements of this service, by name, and what its constraints mean."""

from typing import Final

from services.common.sql import Queries, load_queries
from services.domain.errors import AlreadyExists, DuradeskError

QUERIES: Final[Queries] = load_queries("services.identity")


def _email_taken() -> DuradeskError:
    return AlreadyExists("Another account has this e-mail address.", reason="EMAIL_TAKEN")


CONSTRAINT_ERRORS = {"users_email_key": _email_taken}
