"""Rows and messages of identity to domain objects and back."""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from duradesk.identity.v1 import identity_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.auth import current_principal
from services.common.wire import from_message, to_message
from services.domain.effects import EffectOutcome
from services.domain.errors import Invalid, NotFound
from services.domain.intake import clean_email
from services.domain.principal import Principal, Role
from services.domain.user import User, UserChange

CHANGEABLE = frozenset({"name", "role", "active", "password"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """An active account's id and the hash that its password was checked against."""

    user_id: UUID
    password_hash: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries to sign in, as failures are counted: all SHA-256; `device` when the browser has done so before."""

    account: bytes
    source: bytes
    device: bytes | None


@dataclass(frozen=True, slots=True)
class _ChangeableFields:
    name: str
    role: Role | None
    active: bool


@dataclass(frozen=True, slots=True)
class AccountMailClaim:
    """A request to take a mail for delivery, in somebody's name."""

    mail_id: str
    lease: timedelta
    from_address: str
    from_name: str


@dataclass(frozen=True, slots=True)
class AccountMailRenewal:
    """A request to keep the lease of a mail for as long again."""

    mail_id: str
    fence: int
    lease: timedelta


@dataclass(frozen=True, slots=True)
class AccountMailOutcome:
    """How an attempt at a mail ended."""

    mail_id: str
    fence: int
    outcome: EffectOutcome
    detail: str


def caller_id() -> UUID:
    """The id of the user who makes the call; NotFound for a process, which has no account."""
    return user_id_from(current_principal().subject)


def token_id_from(text: str) -> UUID:
    """The id of an API token; NotFound for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such token.", reason="TOKEN_NOT_FOUND") from None


def user_from_row(row: dict[str, Any]) -> User:
    """A row of `users`."""
    return User(**row | {"role": Role(row["role"])})


def principal_from_row(row: dict[str, Any]) -> Principal:
    """A token's user as the caller of requests."""
    return Principal(str(row["id"]), Role(row["role"]), row["contact_id"], row["name"])


def user_message(user: User) -> pb.User:
    """An account as a message."""
    return to_message(user, pb.User)


def user_id_from(text: str) -> UUID:
    """The id; what is none names nobody, so NotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such user.", reason="USER_NOT_FOUND") from None


def change_from_request(request: pb.UpdateUserRequest) -> UserChange:
    """The fields that the mask names; Invalid when it names none or one that does not change."""
    paths = set(request.update_mask.paths)
    if not paths or not paths <= CHANGEABLE:
        problem = f"must name one or more of {', '.join(sorted(CHANGEABLE))}"
        raise Invalid(f"The request is not valid: update_mask {problem}.", violations={"update_mask": problem})
    values = from_message(request.user, _ChangeableFields)
    if "role" in paths and values.role is None:
        raise Invalid("The request is not valid: user.role is required.", violations={"user.role": "is required"})
    return UserChange(
        name=values.name if "name" in paths else None,
        role=values.role if "role" in paths else None,
        active=values.active if "active" in paths else None,
        password=request.password if "password" in paths else None,
    )


def update_request(user_id: UUID, change: UserChange) -> pb.UpdateUserRequest:
    """The request for a change: the mask names what is not None."""
    fields = _ChangeableFields(change.name or "", change.role, bool(change.active))
    user = to_message(fields, pb.User)
    user.id = str(user_id)
    paths = [name for name in sorted(CHANGEABLE) if getattr(change, name) is not None]
    return pb.UpdateUserRequest(user=user, update_mask=FieldMask(paths=paths), password=change.password or "")


def page_token_after(users: list[User], limit: int) -> str:
    """What asks for the page after this one; empty at the end."""
    return urlsafe_b64encode(users[-1].email.encode()).decode() if len(users) == limit else ""


def email_from_page_token(token: str) -> str:
    """The last address of the page before; Invalid for a token that we did not give."""
    try:
        return clean_email(b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()) if token else ""
    except (ValueError, Invalid):
        problem = "must be the next_page_token of an answer"
        raise Invalid(f"The request is not valid: page_token {problem}.", violations={"page_token": problem}) from None
