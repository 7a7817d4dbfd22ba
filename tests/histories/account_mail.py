"""The story of an account's mail whose history is kept: refused once for now, then sent."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from temporalio.api.history.v1 import History
from temporalio.client import WorkflowHistory

from services.domain.effects import EffectOutcome
from tests.workflow.conftest import Skip
from tests.workflow.env import Env, Sent, until
from workflows.account_mail_activities import start_account_mail
from workflows.messages import account_mail_id

NAME = "account_mail/refused_once.json"
RECORDED = sorted(Path(__file__).parent.glob(f"*/{NAME}"))


async def story(env: Env, skip: Skip) -> History:
    """Live through it, and give its history."""
    env.sender.script = [Sent(EffectOutcome.RETRY)]
    async with env.working():
        mail_id = env.mails.create()
        await start_account_mail(env.client, mail_id)

        async def is_sent() -> bool:
            await skip(timedelta(minutes=1))
            return len(env.sender.mails) == 2

        await until(is_sent)
        handle = env.client.get_workflow_handle(account_mail_id(mail_id))
        await handle.result()
        return History(events=[event async for event in handle.fetch_history_events()])


def recorded(path: Path) -> WorkflowHistory:
    """The history under the id that it ran under, which is not in the recording."""
    history = WorkflowHistory.from_json("", path.read_text(encoding="utf-8"))
    (started,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
    return replace(history, workflow_id=account_mail_id(json.loads(started.data)["mail_id"]))
