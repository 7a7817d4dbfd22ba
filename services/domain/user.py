"""Who has an account, and who may change which: the rules that identity keeps. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.domain.errors import Invalid, InvalidTransition
from services.domain.intake import NAME_LENGTH, clean_email, clean_line
from services.domain.principal import STAFF, Principal, Role

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000

_ADMINISTRATORS = frozenset({Role.OWNER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account; `email` is lower-cased. A customer's account, and no other, points to a contact."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    contact_id: UUID | None
    created_at: datetime

    @property
    def is_active_staff(self) -> bool:
        """Whether tickets may be given to them."""
        return self.active and self.role in STAFF

    @property
    def is_active_owner(self) -> bool:
        """Whether the desk has an owner as long as they stay."""
        return self.active and self.role is Role.OWNER


@dataclass(frozen=True, slots=True)
class NewUser:
    """An account to be made."""

    email: str
    name: str
    role: Role
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Invitee:
    """Somebody who is to work here."""

    email: str
    name: str
    role: Role

    def as_new_user(self) -> NewUser:
        """The account that they will have."""
        return NewUser(self.email, self.name, self.role)


@dataclass(frozen=True, slots=True)
class UserChange:
    """What is to be different in an account; None leaves a field as it is."""

    name: str | None = None
    role: Role | None = None
    active: bool | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An opaque token, said once, and when it ends by itself."""

    token: str
    expires_at: datetime


def check_new_user(new: NewUser, actor: Principal) -> NewUser:
    """The account with its texts cleaned, or Invalid with all that is wrong; Forbidden unless `actor` may make it."""
    require_may_manage(actor, new.role)
    return cleaned_user(new)


def check_invited_user(new: NewUser, actor: Principal) -> NewUser:
    """As `check_new_user`, for somebody who is to work here: Invalid for any other role."""
    if new.role not in STAFF:
        _raise({"role": "must be owner, admin, agent or light_agent: only people who work here are invited"})
    return check_new_user(new, actor)


def cleaned_user(new: NewUser) -> NewUser:
    """The account with its texts cleaned, or Invalid with all that is wrong."""
    problems: dict[str, str] = {}
    new = replace(new, name=clean_line(new.name))
    try:
        new = replace(new, email=clean_email(new.email))
    except Invalid as error:
        problems["email"] = error.message
    if new.role is Role.SERVICE:
        problems["role"] = "must not be service: our own processes have no account"
    if (new.role is Role.CUSTOMER) != (new.contact_id is not None):
        problems["contact_id"] = "must be set for a customer and for nobody else"
    _raise(problems | _name_problems(new.name))
    return new


def changed_user(user: User, change: UserChange, *, actor: Principal, another_owner: bool) -> User:
    """The account after the change. `another_owner`: whether the desk has an active owner besides this account.

    Raises Forbidden unless `actor` may make the change, Invalid, and InvalidTransition when no owner would be left.
    """
    changed = replace(
        user,
        name=user.name if change.name is None else clean_line(change.name),
        role=change.role or user.role,
        active=user.active if change.active is None else change.active,
    )
    require_may_manage(actor, user.role, changed.role)
    problems = _name_problems(changed.name)
    if changed.role is Role.SERVICE or (changed.role is Role.CUSTOMER) != (user.role is Role.CUSTOMER):
        problems["role"] = "must stay customer or stay one of the staff's roles: make another account instead"
    _raise(problems)
    if user.is_active_owner and not changed.is_active_owner and not another_owner:
        raise InvalidTransition("The last active owner stays: make somebody else owner first.", reason="LAST_OWNER")
    return changed


def check_user_name(name: str) -> str:
    """The name, cleaned; Invalid when it is empty or too long."""
    name = clean_line(name)
    _raise(_name_problems(name))
    return name


def check_password(password: str) -> None:
    """Invalid unless the password is long enough to keep; its length is all that is asked of it."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        _raise({"password": f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, not {len(password)}"})


def first_owner(email: str, password: str) -> NewUser:
    """The account that the settings name, or Invalid naming the setting that is wrong."""
    try:
        owner = cleaned_user(NewUser(email, "Owner", Role.OWNER))
    except Invalid as error:
        raise Invalid(f"DURADESK_OWNER_EMAIL is wrong: {error.violations['email']}.") from None
    try:
        check_password(password)
    except Invalid as error:
        raise Invalid(f"DURADESK_OWNER_PASSWORD is wrong: it {error.violations['password']}.") from None
    return owner


def require_may_manage(actor: Principal, *roles: Role) -> None:
    """Forbidden unless `actor` may make or change accounts with these roles."""
    actor.require("users.manage")
    if not _ADMINISTRATORS.isdisjoint(roles):
        actor.require("users.manage_admins")


def _name_problems(name: str) -> dict[str, str]:
    if 1 <= len(name) <= NAME_LENGTH:
        return {}
    return {"name": f"must have 1 to {NAME_LENGTH} characters, not {len(name)}"}


def _raise(problems: dict[str, str]) -> None:
    if problems:
        told = "; ".join(f"{field} {problem}" for field, problem in problems.items())
        raise Invalid(f"The account is not valid: {told}.", violations=problems)
