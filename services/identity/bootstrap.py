"""The first owner: without one nobody could sign in to a fresh desk."""

import structlog

from services.domain.errors import DuradeskError
from services.domain.user import first_owner
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings
from services.identity.store.users import IdentityStore

log = structlog.get_logger()


async def bootstrap_owner(store: IdentityStore, passwords: Passwords, settings: IdentitySettings) -> None:
    """Make the owner that the settings name unless there is one; safe to run again and at once.

    Ends the process with one sentence when the settings cannot be an account.
    """
    if await store.has_owner():
        return
    password = settings.owner_password.get_secret_value()
    if not password:
        log.warning("identity.no_owner", remedy="set DURADESK_OWNER_EMAIL and DURADESK_OWNER_PASSWORD and start again")
        return
    try:
        owner = first_owner(settings.owner_email, password)
        if await store.create_first_owner(owner, await passwords.hash(password)):
            log.info("identity.owner_created")
    except DuradeskError as error:
        raise SystemExit(error.message) from None
