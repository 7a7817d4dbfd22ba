"""Who works here and on what: the names behind the ids of people, teams and categories."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from services.domain.categories import Category, line_of, place_of
from services.domain.team import Team
from services.domain.user import User
from services.gateway.deps import Services


@dataclass(frozen=True, slots=True)
class Directory:
    """The staff, the teams and the categories by id."""

    people: Mapping[UUID, User]
    teams: Mapping[UUID, Team]
    categories: Mapping[UUID, Category]

    @property
    def colleagues(self) -> list[User]:
        """Whom tickets may be given to, by name."""
        return sorted((user for user in self.people.values() if user.is_active_staff), key=lambda user: user.name)

    def person(self, user_id: UUID | None) -> str:
        """The name, empty for nobody."""
        if user_id is None:
            return ""
        return self.people[user_id].name if user_id in self.people else "somebody who left"

    def team(self, team_id: UUID | None) -> str:
        """The name, empty for none."""
        if team_id is None:
            return ""
        return self.teams[team_id].name if team_id in self.teams else "a team that is gone"

    def category(self, category_id: UUID | None) -> str:
        """Its place in the tree, empty for none."""
        if category_id is None:
            return ""
        category = self.categories.get(category_id)
        return place_of(line_of(category, self.categories)) if category else "a category that was made just now"

    def actor(self, actor: str) -> str:
        """Who made a change: a person's name, or the name of one of our own processes."""
        try:
            return self.person(UUID(actor))
        except ValueError:
            return actor


async def directory_of(behind: Services) -> Directory:
    """The directory as it is now."""
    people, teams, categories = await asyncio.gather(
        behind.identity.list_users(), behind.routing.list_teams(), behind.categories.list_categories()
    )
    return Directory(
        {user.id: user for user in people},
        {team.id: team for team in teams},
        {category.id: category for category in categories},
    )
