"""Invitations and password resets: links that one person may use once, and the words that bring them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.errors import Invalid
from services.domain.intake import clean_line
from services.domain.message import EffectState
from services.domain.principal import Role
from services.domain.templates import Template

TOKEN_NAME_LENGTH = 100


class LinkKind(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - no password


LINK_LIFETIMES: Mapping[LinkKind, timedelta] = {
    LinkKind.INVITATION: timedelta(days=7),
    LinkKind.PASSWORD_RESET: timedelta(hours=2),
}
LINK_PATHS: Mapping[LinkKind, str] = {
    LinkKind.INVITATION: "/invitation/",
    LinkKind.PASSWORD_RESET: "/reset-password/",
}
# Whoever asks again and again in somebody's name fills no mailbox.
RESETS_PER_HOUR = 3


class InvitationState(StrEnum):
    """How far an invitation is."""

    INVITED = "invited"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Invitation:
    """The newest invitation of an account; `mail_state` is None when its link was handed over by hand."""

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


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A link that is still good, and whose it is."""

    kind: LinkKind
    email: str
    name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token as its owner sees it."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime


def _(text: str) -> str:
    """Marks a text for the catalogue; it is translated when it is said."""
    return text


TEMPLATES: Mapping[LinkKind, Template] = {
    LinkKind.INVITATION: Template(
        _("You are invited to the help desk of {brand}"),
        (
            "{greeting}",
            _("{inviter} invites you to work with them in the help desk of {brand}."),
            _("Choose a password here, until {expires_at}:\n{link}"),
            _("The link is for you alone and works once. If you do not know what this is about, ignore this mail."),
            "{brand}",
        ),
    ),
    LinkKind.PASSWORD_RESET: Template(
        _("Your password for the help desk of {brand}"),
        (
            "{greeting}",
            _("somebody, probably you, forgot the password of your account in the help desk of {brand}."),
            _("Choose a new one here, until {expires_at}:\n{link}"),
            _("The link works once. If it was not you, ignore this mail: nothing changes."),
            "{brand}",
        ),
    ),
}


def invitation_state(
    *, used: bool, ended: bool, has_password: bool, expires_at: datetime, now: datetime
) -> InvitationState:
    """How far the newest invitation is."""
    if used or has_password:
        return InvitationState.ACCEPTED
    if ended:
        return InvitationState.WITHDRAWN
    return InvitationState.EXPIRED if now >= expires_at else InvitationState.INVITED


def check_token_name(name: str) -> str:
    """The name, cleaned; Invalid when it is empty or too long."""
    name = clean_line(name)
    if not 1 <= len(name) <= TOKEN_NAME_LENGTH:
        problem = f"must have 1 to {TOKEN_NAME_LENGTH} characters, not {len(name)}"
        raise Invalid(f"The token is not valid: name {problem}.", violations={"name": problem})
    return name
