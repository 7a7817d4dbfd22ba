"""Rows and messages of routing to domain objects and back."""

from typing import Any
from uuid import UUID

from duradesk.routing.v1 import routing_service_pb2 as pb

from services.common.wire import to_message
from services.domain.errors import NotFound
from services.domain.team import Team


def team_from_row(row: dict[str, Any]) -> Team:
    """A row of `teams` with its members' ids."""
    return Team(**row | {"member_ids": tuple(row["member_ids"])})


def team_message(team: Team) -> pb.Team:
    """A team as a message."""
    return to_message(team, pb.Team)


def id_from(text: str, *, of: str) -> UUID:
    """The id; what is none names nothing, so NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"There is no such {of}.", reason=f"{of.upper()}_NOT_FOUND") from None
