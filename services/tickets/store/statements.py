"""The statements of this service, by name."""

from typing import Final

from services.common.sql import Queries, load_queries

QUERIES: Final[Queries] = load_queries("services.tickets")
