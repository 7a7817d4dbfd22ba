"""AccountMailWorkflow: sees one mail of an invitation or a password reset to its end.

    start ─► deliver, again and again while it is refused for now ─► end

The mail is a row of the identity service, and so are its attempts and what became of it. The workflow only conducts: a
second start finds the first one running, and a lost one is started again while the row is open.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from workflows.messages import DELIVER_QUEUE, AccountMailInput, account_mail_id

# Longer than sending and recording may take together; a worker that is killed is noticed by its silence.
_DELIVER_TIMEOUT = timedelta(seconds=90)
_DELIVER_SILENCE = timedelta(seconds=15)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=15))


@workflow.defn(name="AccountMailWorkflow")
class AccountMailWorkflow:
    """One mail, until it was sent or is not needed any more."""

    @workflow.run
    async def run(self, mail: AccountMailInput) -> None:
        """Deliver it; the row says when there is nothing left to do."""
        # Started by hand under another mail's id, it would keep that one from being sent.
        if workflow.info().workflow_id != account_mail_id(mail.mail_id):
            return
        await workflow.execute_activity(
            "deliver_account_mail",
            mail.mail_id,
            task_queue=DELIVER_QUEUE,
            start_to_close_timeout=_DELIVER_TIMEOUT,
            heartbeat_timeout=_DELIVER_SILENCE,
            retry_policy=_RETRY,
            summary="send the mail of an account",
        )
