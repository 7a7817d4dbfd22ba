"""Takes quarantined items again when somebody asks for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from services.domain.errors import DuradeskError
from services.mail.intake import MailIntake

_WAIT = timedelta(seconds=20)
_BACK_OFF_SECONDS = 1.0

log = structlog.get_logger()


@asynccontextmanager
async def working_through_quarantine(intake: MailIntake) -> AsyncIterator[None]:
    """Inside the block, items that are to be released or retried are taken again, one after the other."""
    work = asyncio.create_task(_work(intake))
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _work(intake: MailIntake) -> None:
    while True:
        try:
            await intake.take_quarantined(wait=_WAIT)
        except DuradeskError as error:
            # The item's lease ends by itself, and then it is claimed again.
            log.warning("quarantine.deferred", reason=error.reason)
            await asyncio.sleep(_BACK_OFF_SECONDS)
        except Exception:
            log.exception("quarantine.failed")
            await asyncio.sleep(_BACK_OFF_SECONDS)
