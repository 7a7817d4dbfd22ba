"""What routing keeps of how teams give their tickets, of skills and of who is here, in PostgreSQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import DictRow

from services.common.database import Database
from services.common.sql import load_queries
from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Invalid, NotFound
from services.domain.routing_facts import AssignmentStrategy
from services.domain.staffing import Availability, MemberRouting, Skill, SkillHolder, Staffing, TeamRouting
from services.domain.team import Team
from services.domain.ticket import TicketStatus

Connection = AsyncConnection[DictRow]


def _no_calendar() -> DuradeskError:
    text = "must be a calendar that exists, and one that a team works by stays"
    return Invalid(f"The calendar {text}.", violations={"calendar_id": text}, reason="CALENDAR_IN_USE")


def _no_team() -> DuradeskError:
    text = "must be a team"
    return Invalid(f"The overflow team {text}.", violations={"overflow_team_id": text})


CONSTRAINT_ERRORS = {
    "skills_name_key": lambda: AlreadyExists("Another skill has this name.", reason="NAME_TAKEN"),
    "teams_calendar": _no_calendar,
    "team_members_calendar": _no_calendar,
    "teams_overflow_team_id_fkey": _no_team,
}


class StaffingStore:
    """Its database must have been opened with CONSTRAINT_ERRORS."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = load_queries("services.routing")
        # By the revision that each change of them counts.
        self._skills: tuple[int, tuple[Skill, ...]] = (-1, ())

    async def read_staffing(self, *, team_ids: Collection[UUID] | None = None) -> Staffing:
        """These teams or all, all skills, and who was seen lately, of one moment."""
        async with self._database.transaction() as conn:
            revision = await self._one(conn, "read_routing_revision")
            teams = await self._all(conn, "list_team_routing", team_ids=None if team_ids is None else list(team_ids))
            return await self._staffing(conn, revision, teams)

    async def read_staffing_for(
        self, team_id: UUID | None, *, named: Collection[UUID]
    ) -> tuple[Team, Staffing, tuple[int, int]]:
        """A ticket's team or the default one, the teams it may go to, and the revisions of service levels and rules.

        It may go to its own, to those named, and to those that take what is too much for these.
        """
        async with self._database.transaction() as conn:
            teams = await self._all(conn, "list_team_routing_for", team_id=team_id, named=list(named))
            staffing = await self._staffing(conn, teams[0], teams)
        team = next(_team_of(row) for row in teams if row["is_own"])
        return team, staffing, (teams[0]["service_levels_revision"], teams[0]["rules_revision"])

    async def _staffing(self, conn: Connection, revision: DictRow, teams: Sequence[DictRow]) -> Staffing:
        if self._skills[0] != revision["revision"]:
            self._skills = (revision["revision"], tuple(map(_skill_of, await self._all(conn, "list_skills"))))
        seen = await self._all(conn, "list_seen", user_ids=None)
        return Staffing(
            now=revision["now"],
            teams=tuple((_team_of(row), _routing_of(row)) for row in teams),
            skills=self._skills[1],
            availability={row["user_id"]: Availability(**row) for row in seen},
            revision=revision["revision"],
        )

    async def get_team_routing(self, team_id: UUID) -> tuple[Team, TeamRouting]:
        """One team; NotFound."""
        async with self._database.transaction() as conn:
            rows = await self._all(conn, "list_team_routing", team_ids=[team_id])
        if not rows:
            raise NotFound("There is no such team.", reason="TEAM_NOT_FOUND")
        return _team_of(rows[0]), _routing_of(rows[0])

    async def update_team_routing(self, routing: TeamRouting) -> None:
        """All of it; NotFound, Invalid (calendar, overflow team), Conflict unless the version is 0 or the present."""
        parameters: dict[str, Any] = {
            "team_id": routing.team_id,
            "strategy": routing.strategy,
            "last_assignee_first": routing.last_assignee_first,
            "needs_presence": routing.needs_presence,
            "capacity": routing.capacity,
            "counted_statuses": list(routing.counted_statuses),
            "calendar_id": routing.calendar_id,
            "overflow_team_id": routing.overflow_team_id,
            "overflow_after": routing.overflow_after,
            "expected_version": routing.version,
        }
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_routing_change"])
            if not await self._all(conn, "update_team_routing", **parameters):
                raise Conflict("The team changed meanwhile: read it again.")
            await conn.execute(self._queries["reset_member_routing"], {"team_id": routing.team_id})
            for member in routing.members:
                own = {"user_id": member.user_id, "capacity": member.capacity, "calendar_id": member.calendar_id}
                await conn.execute(self._queries["update_member_routing"], {"team_id": routing.team_id, **own})

    async def list_skills(self) -> tuple[Skill, ...]:
        """All skills by name."""
        async with self._database.transaction() as conn:
            return tuple(map(_skill_of, await self._all(conn, "list_skills")))

    async def create_skill(self, name: str, needs: str, level: int) -> Skill:
        """A new one; AlreadyExists."""
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_routing_change"])
            row = await self._one(conn, "insert_skill", name=name, needs=needs, level=level)
            return await self._skill(conn, row["id"])

    async def update_skill(self, skill: Skill) -> Skill:
        """All of it but who has it; NotFound, AlreadyExists, Conflict unless the version is 0 or the present one."""
        named = {"name": skill.name, "needs": skill.needs, "level": skill.level, "expected_version": skill.version}
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_routing_change"])
            if not await self._all(conn, "update_skill", skill_id=skill.id, **named):
                known = await self._skill(conn, skill.id)
                raise Conflict(f"The skill is at version {known.version}, not {skill.version}: read it again.")
            return await self._skill(conn, skill.id)

    async def delete_skill(self, skill_id: UUID) -> None:
        """Nobody has it any more; NotFound."""
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_routing_change"])
            if not await self._all(conn, "delete_skill", skill_id=skill_id):
                raise _no_skill()

    async def set_skill_level(self, skill_id: UUID, user_id: UUID, level: int) -> Skill:
        """The skill with who has it now; level 0: not any more. NotFound."""
        parameters = {"skill_id": skill_id, "user_id": user_id, "level": level}
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["count_routing_change"])
            await self._skill(conn, skill_id)
            await conn.execute(self._queries["set_skill_level" if level else "remove_skill_level"], parameters)
            return await self._skill(conn, skill_id)

    async def touch_availability(self, user_id: UUID) -> None:
        """They are here."""
        async with self._database.transaction() as conn:
            if await self._all(conn, "touch_availability", user_id=user_id):
                await conn.execute(self._queries["count_arrival"])

    async def set_away(self, user_id: UUID, *, away: bool, until: datetime | None, note: str) -> None:
        """They are away, or back."""
        parameters = {"user_id": user_id, "until": until, "note": note}
        async with self._database.transaction() as conn:
            await conn.execute(self._queries["set_away" if away else "end_away"], parameters)
            await conn.execute(self._queries["count_arrival"])

    async def read_position(self) -> int:
        """How often anything changed that may give a ticket to somebody."""
        async with self._database.connection() as conn:
            position: int = (await self._one(conn, "read_position"))["position"]
        return position

    async def _skill(self, conn: Connection, skill_id: UUID) -> Skill:
        rows = await self._all(conn, "list_skills")
        found = next((_skill_of(row) for row in rows if row["id"] == skill_id), None)
        if found is None:
            raise _no_skill()
        return found

    async def _all(self, conn: Connection, query: str, **parameters: Any) -> list[DictRow]:
        return await (await conn.execute(self._queries[query], parameters)).fetchall()

    async def _one(self, conn: Connection, query: str, **parameters: Any) -> DictRow:
        (row,) = await self._all(conn, query, **parameters)
        return row


def _no_skill() -> DuradeskError:
    return NotFound("There is no such skill.", reason="SKILL_NOT_FOUND")


def _team_of(row: Mapping[str, Any]) -> Team:
    return Team(row["team_id"], row["name"], row["is_default"], tuple(row["member_ids"]), row["version"])


def _routing_of(row: Mapping[str, Any]) -> TeamRouting:
    overflow_after: timedelta = row["overflow_after"]
    return TeamRouting(
        team_id=row["team_id"],
        strategy=AssignmentStrategy(row["strategy"]),
        last_assignee_first=row["last_assignee_first"],
        needs_presence=row["needs_presence"],
        capacity=row["capacity"],
        counted_statuses=tuple(map(TicketStatus, row["counted_statuses"])),
        calendar_id=row["calendar_id"],
        overflow_team_id=row["overflow_team_id"],
        overflow_after=overflow_after,
        members=tuple(
            MemberRouting(
                UUID(each["user_id"]), each["capacity"], UUID(each["calendar_id"]) if each["calendar_id"] else None
            )
            for each in row["members"]
        ),
        version=row["version"],
    )


def _skill_of(row: Mapping[str, Any]) -> Skill:
    holders = tuple(SkillHolder(UUID(each["user_id"]), each["level"]) for each in row["holders"])
    return Skill(row["id"], row["name"], row["needs"], row["level"], holders, row["version"])
