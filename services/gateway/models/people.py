"""What the REST API takes and gives of accounts, tokens and teams."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, StrictBool, with_config
from typing_extensions import TypedDict

from services.domain.principal import Role
from services.gateway.models.base import Email, In, Out, Password, Title, UserName


class TokenOut(Out):
    """An API token: it is said this once."""

    token: str
    expires_at: datetime


class TeamIn(In):
    """A team to be made."""

    name: Title


class TeamOut(Out):
    """A department; new tickets without a team go to the default one."""

    id: UUID
    name: str
    is_default: bool
    member_ids: tuple[UUID, ...]
    version: int


class UserIn(In):
    """An account to be made."""

    email: Email
    name: UserName
    role: Literal["owner", "admin", "agent", "light_agent", "customer"]
    password: Password


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class UserPatch(TypedDict, total=False):
    """What is to be different in an account; a new password or `active: false` ends all its tokens."""

    name: UserName
    role: Literal["owner", "admin", "agent", "light_agent", "customer"]
    active: StrictBool
    password: Password


class UserOut(Out):
    """An account; `contact_id` is a customer's contact."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    contact_id: UUID | None
    created_at: datetime
