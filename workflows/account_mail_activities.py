"""The step that sends the mail of an account, and the loop that starts the workflows of such mails."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from services.domain.effects import ClaimedEffect, EffectOutcome
from services.domain.errors import DuradeskError, NotFound
from workflows.account_mail import AccountMailWorkflow
from workflows.activities import DeliverActivities
from workflows.messages import DELIVER_QUEUE, AccountMailInput, account_mail_id
from workflows.patience import Outage, cut_off_by, pause
from workflows.ports import AccountMails, Brands, MailSender

_WAIT = timedelta(seconds=20)
_START_TIMEOUT = timedelta(seconds=5)

log = structlog.get_logger()


class AccountMailActivities:
    """`deliver_account_mail`, which goes as the delivery of any mail does."""

    def __init__(self, mails: AccountMails, brands: Brands, sender: MailSender) -> None:
        self._deliveries = DeliverActivities(_AsEffects(mails, brands), sender)

    @activity.defn
    async def deliver_account_mail(self, mail_id: str) -> None:
        """Send the mail under a lease, and record how it went; nothing when there is nothing left to do."""
        await self._deliveries.deliver(mail_id)


class _AsEffects:
    """Account mails as a delivery sees effects. The first brand writes them: its address is known to send."""

    def __init__(self, mails: AccountMails, brands: Brands) -> None:
        self._mails = mails
        self._brands = brands

    async def claim_effect(self, effect_id: UUID, /, *, lease: timedelta) -> ClaimedEffect:
        brands = await self._brands.list_brands()
        if not brands:
            raise NotFound("There is no brand yet in whose name to write.")
        return await self._mails.claim_account_mail(
            effect_id, lease=lease, from_address=brands[0].address, from_name=brands[0].name
        )

    async def begin_effect(self, effect_id: UUID, /, *, fence: int) -> None:
        await self._mails.begin_account_mail(effect_id, fence=fence)

    async def renew_effect(self, effect_id: UUID, /, *, fence: int, lease: timedelta) -> None:
        await self._mails.renew_account_mail(effect_id, fence=fence, lease=lease)

    async def finish_effect(self, effect_id: UUID, /, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        await self._mails.finish_account_mail(effect_id, fence=fence, outcome=outcome, detail=detail)


class AccountMailRelay:
    """Starts the workflows of mails that are open. Identity's rows are the truth: a start too many does no harm."""

    def __init__(self, client: Client, mails: AccountMails) -> None:
        self._client = client
        self._mails = mails
        self._identity = Outage("identity")
        self._temporal = Outage("temporal")

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until the process is to stop; a part that is away is waited for."""
        while not stopping.is_set():
            try:
                mail_ids = await cut_off_by(stopping, self._mails.claim_account_mails(wait=_WAIT))
                self._identity.is_over()
                await self._start_all(mail_ids or ())
                self._temporal.is_over()
            except DuradeskError as error:
                await pause(self._identity.goes_on(error), stopping)
            except RPCError as error:
                # What was claimed and not started is claimed again a minute later.
                await pause(self._temporal.goes_on(error), stopping)

    async def _start_all(self, mail_ids: Sequence[UUID]) -> None:
        for mail_id in mail_ids:
            await start_account_mail(self._client, mail_id)
            log.debug("account_mail.started", mail_id=str(mail_id))


async def start_account_mail(client: Client, mail_id: UUID) -> None:
    """Have the mail delivered, unless its workflow runs; RPCError when Temporal does not take it."""
    await client.start_workflow(
        AccountMailWorkflow.run,
        AccountMailInput(str(mail_id)),
        id=account_mail_id(mail_id),
        task_queue=DELIVER_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        static_summary="mail of an account",
        rpc_timeout=_START_TIMEOUT,
    )
