"""What the REST API takes and gives of invitations."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictBool

from services.domain.account import InvitationState
from services.domain.message import EffectState
from services.domain.principal import Role
from services.gateway.models.base import Email, In, Out, UserName


class InvitationIn(In):
    """Somebody to be invited, and the teams that they are to be in."""

    email: Email
    name: UserName
    role: Literal["owner", "admin", "agent", "light_agent"]
    team_ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()


class InvitationRenewalIn(In):
    """How the new link gets to them."""

    by_mail: StrictBool = True


class InvitationOut(Out):
    """An invitation; `mail_state` is null when its link was handed over by hand."""

    user_id: UUID
    email: str
    name: str
    role: Role
    state: InvitationState
    created_at: datetime
    expires_at: datetime
    mail_state: EffectState | None
    mail_attempts: int
    mail_detail: str


class InvitationLinkOut(Out):
    """The link, said this once; null when it is on its way by mail."""

    url: str | None
