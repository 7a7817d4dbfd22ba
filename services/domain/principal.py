"""Who is asking, and what a role may do: deny by default, the whole table in one place."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from services.domain.errors import Forbidden


class Role(StrEnum):
    """What kind of user somebody is; `service` is one of our own processes."""

    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    LIGHT_AGENT = "light_agent"
    CUSTOMER = "customer"
    SERVICE = "service"


class Via(StrEnum):
    """How somebody proved who they are: with an account, or by nothing but a link in a mail of ours to them."""

    ACCOUNT = "account"
    LINK = "link"


STAFF = frozenset({Role.OWNER, Role.ADMIN, Role.AGENT, Role.LIGHT_AGENT})

_CUSTOMER = frozenset(
    {"tickets.create", "tickets.read", "tickets.reply", "tickets.resolve", "tickets.reopen", "tickets.answer"}
)
_LIGHT_AGENT = frozenset(
    {
        "tickets.read",
        "tickets.inspect",
        "tickets.reply",
        "tickets.undo",
        "tickets.note",
        "tickets.resolve",
        "tickets.work",
        "tickets.snooze",
        "directory.read",
        "account.manage",
        "availability.set",
    }
)
_AGENT = _LIGHT_AGENT | {
    "tickets.create",
    "tickets.update",
    "tickets.assign",
    "tickets.close",
    "tickets.reopen",
    "tickets.repeat_delivery",
    "tickets.change_dues",
    "tickets.merge",
    "tickets.mark_spam",
}
_ADMIN = _AGENT | {"tickets.reopen_closed", "tickets.settings", "teams.manage", "users.manage", "service_levels.manage"}
_ADMIN |= {"macros.manage"}
_ADMIN |= {"rules.manage"}
_ADMIN |= {"operations.read", "operations.manage", "availability.read"}

# All that the bearer of a link may do.
_BY_LINK = frozenset({"tickets.answer"})

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.CUSTOMER: _CUSTOMER,
    Role.LIGHT_AGENT: _LIGHT_AGENT,
    Role.AGENT: _AGENT,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN | {"users.manage_admins"},
    # Our own processes: the relay, the workers, the mail door and the routing service.
    Role.SERVICE: frozenset(
        {
            "tickets.create",
            "tickets.read",
            "tickets.reply",
            "tickets.intake",
            "tickets.decide",
            "directory.read",
            "accounts.deliver",
            "operations.measure",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of one request: `subject` is a user's id or a process's name, `contact_id` a customer's contact, and
    `name` what people call them, which is no proof of anything. `via` says how they proved it.
    """

    subject: str
    role: Role
    contact_id: UUID | None = None
    name: str = field(default="", compare=False)
    via: Via = Via.ACCOUNT

    def may(self, permission: str) -> bool:
        """Whether the role grants the permission, and the way it was proved."""
        return permission in PERMISSIONS[self.role] and (self.via is Via.ACCOUNT or permission in _BY_LINK)

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the role grants the permission."""
        if not self.may(permission):
            raise Forbidden(
                f"The role {self.role.value} may not do this: it needs the permission {permission}.",
                metadata={"permission": permission},
            )
