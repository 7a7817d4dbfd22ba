"""Teams and their members in PostgreSQL: the only user of routing's SQL."""

from typing import Literal
from uuid import UUID

from services.common.database import Database
from services.common.sql import load_queries
from services.domain.errors import AlreadyExists, DuradeskError, NotFound
from services.domain.team import Team
from services.routing.convert import team_from_row
from services.routing.rules import store as rules
from services.routing.service_levels import store as service_levels
from services.routing.staffing import store as staffing


def _name_taken() -> DuradeskError:
    return AlreadyExists("Another team has this name.", reason="TEAM_NAME_TAKEN")


CONSTRAINT_ERRORS = {
    "teams_name_key": _name_taken,
    **service_levels.CONSTRAINT_ERRORS,
    **rules.CONSTRAINT_ERRORS,
    **staffing.CONSTRAINT_ERRORS,
}


class RoutingStore:
    """What routing keeps; its database must have been opened with CONSTRAINT_ERRORS."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = load_queries("services.routing")

    async def list_teams(self) -> list[Team]:
        """All teams by name."""
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(self._queries["list_teams"])).fetchall()
        return [team_from_row(row) for row in rows]

    async def create_team(self, name: str) -> Team:
        """Make a team; AlreadyExists when the name is taken, in whatever case."""
        async with self._database.transaction() as connection:
            row = await (await connection.execute(self._queries["create_team"], {"name": name})).fetchone()
        assert row is not None
        return team_from_row(row)

    async def update_team(self, team_id: UUID, *, name: str | None, make_default: bool) -> Team:
        """The team with this name, if one is given, and as the default, if it is to be it; NotFound, AlreadyExists."""
        parameters = {"team_id": team_id, "name": name}
        async with self._database.transaction() as connection:
            rows = await (await connection.execute(self._queries["lock_teams"])).fetchall()
            if team_id not in {row["id"] for row in rows}:
                raise NotFound("There is no such team.", reason="TEAM_NOT_FOUND")
            if name is not None:
                await connection.execute(self._queries["update_team"], parameters)
            if make_default:
                await connection.execute(self._queries["end_default_team"], parameters)
                await connection.execute(self._queries["begin_default_team"], parameters)
            row = await (await connection.execute(self._queries["find_team_for"], parameters)).fetchone()
        assert row is not None
        return team_from_row(row)

    async def add_team_member(self, team_id: UUID, user_id: UUID) -> Team:
        """The team with the member; NotFound."""
        return await self._change_member("add_team_member", team_id, user_id)

    async def remove_team_member(self, team_id: UUID, user_id: UUID) -> Team:
        """The team without the member; NotFound."""
        return await self._change_member("remove_team_member", team_id, user_id)

    async def _change_member(
        self, query: Literal["add_team_member", "remove_team_member"], team_id: UUID, user_id: UUID
    ) -> Team:
        parameters = {"team_id": team_id, "user_id": user_id}
        async with self._database.transaction() as connection:
            if not (await connection.execute(self._queries["lock_team"], parameters)).rowcount:
                raise NotFound("There is no such team.", reason="TEAM_NOT_FOUND")
            if (await connection.execute(self._queries[query], parameters)).rowcount:
                await connection.execute(self._queries["count_change"], parameters)
                await connection.execute(self._queries["count_routing_change"])
            row = await (await connection.execute(self._queries["find_team_for"], parameters)).fetchone()
        assert row is not None
        return team_from_row(row)
