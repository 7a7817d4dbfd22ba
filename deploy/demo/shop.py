"""The shop as the desk knows it: its brands, teams and colleagues, made where they are missing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from random import Random
from uuid import UUID

from deploy.demo.cast import BRANDS, COLLEAGUES, TEAMS
from services.domain.principal import Principal, Role
from services.domain.user import NewUser
from services.identity.client import IdentityClient
from services.routing.client import RoutingClient
from services.tickets.client.tickets import TicketsClient

OWNER = Principal("demo", Role.OWNER)
_BRAND_FIELDS = ("name", "address", "idle_remind_after", "idle_resolve_after", "auto_close_after")


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids by names: `staff` by e-mail, `teams` and their `members` by the team's name."""

    staff: Mapping[str, Principal]
    teams: Mapping[str, UUID]
    members: Mapping[str, tuple[Principal, ...]]

    def somebody(self, team: str, random: Random) -> Principal:
        """A member of the team."""
        return random.choice(self.members[team])

    def by_id(self, user_id: UUID) -> Principal | None:
        """The colleague with this id; None when it is nobody of the demo."""
        return next((person for person in self.staff.values() if person.subject == str(user_id)), None)


async def open_shop(tickets: TicketsClient, routing: RoutingClient, identity: IdentityClient, *, password: str) -> Shop:
    """The shop with all its people; those made now sign in with the password."""
    known = {brand.address for brand in await tickets.list_brands()}
    for brand in BRANDS:
        if brand.address not in known:
            values = asdict(brand)
            await tickets.create_brand({name: values[name] for name in _BRAND_FIELDS})
    staff = await _hire(identity, password)
    teams = {team.name: team.id for team in await routing.list_teams()}
    members: dict[str, tuple[Principal, ...]] = {}
    for name in TEAMS:
        if name not in teams:
            teams[name] = (await routing.create_team(name)).id
        members[name] = tuple(staff[person.email] for person in COLLEAGUES if name in person.teams)
        for member in members[name]:
            await routing.add_team_member(teams[name], UUID(member.subject))
    return Shop(staff, teams, members)


async def _hire(identity: IdentityClient, password: str) -> dict[str, Principal]:
    users = {user.email: user for user in await identity.list_users()}
    for person in COLLEAGUES:
        if person.email not in users:
            users[person.email] = await identity.create_user(NewUser(person.email, person.name, person.role), password)
    return {
        person.email: Principal(str(users[person.email].id), person.role, name=person.name) for person in COLLEAGUES
    }
