"""The workflow of an account's mail: sends it once, goes on after refusals, and tells a history nothing of anybody."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

from services.domain.effects import EffectOutcome
from services.domain.message import EffectState
from tests.histories.account_mail import RECORDED, recorded, story
from tests.histories.stories import fingerprint, to_json
from tests.workflow.conftest import Skip
from tests.workflow.desk import CANARIES
from tests.workflow.env import Env, Sent, until
from workflows.account_mail import AccountMailWorkflow
from workflows.account_mail_activities import AccountMailRelay, start_account_mail
from workflows.messages import AccountMailInput, account_mail_id


async def relayed(env: Env, mail_id: UUID) -> None:
    """Let the relay start what is open, and wait until the mail has come to its end."""
    stopping = asyncio.Event()
    relaying = asyncio.create_task(AccountMailRelay(env.client, env.mails).run(stopping))
    await until(lambda: env.mails.rows[mail_id].state not in (EffectState.READY, EffectState.CLAIMED))
    stopping.set()
    await relaying


async def test_an_open_mail_is_sent_once_in_the_name_of_a_brand(env: Env) -> None:
    mail_id = env.mails.create()
    await relayed(env, mail_id)
    await start_account_mail(env.client, mail_id)
    await env.client.get_workflow_handle(account_mail_id(mail_id)).result()
    assert env.mails.rows[mail_id].state is EffectState.DONE
    (mail,) = env.sender.mails
    assert (mail.from_address, mail.from_name) == ("support@acme.example", "Acme")


@pytest.mark.parametrize(
    ("answers", "sent", "state"),
    [
        ([Sent(EffectOutcome.FAILED)], 1, EffectState.FAILED),
        ([RuntimeError("cut")], 2, EffectState.DONE),
        ([RuntimeError("cut"), RuntimeError("cut")], 2, EffectState.IN_DOUBT),
        ([Sent(EffectOutcome.RETRY), Sent(EffectOutcome.RETRY)], 3, EffectState.DONE),
    ],
)
async def test_what_a_mail_server_says_is_what_becomes_of_the_mail(
    idle_months: tuple[Env, Skip], answers: list[Sent | Exception], sent: int, state: EffectState
) -> None:
    env, skip = idle_months
    env.sender.script = list(answers)
    async with env.working():
        mail_id = env.mails.create()
        await start_account_mail(env.client, mail_id)

        async def is_over() -> bool:
            await skip(timedelta(minutes=2))
            return env.mails.rows[mail_id].state is state

        await until(is_over)
        await env.client.get_workflow_handle(account_mail_id(mail_id)).result()
    assert len(env.sender.mails) == sent
    assert env.mails.rows[mail_id].state is state


async def test_a_mail_that_nobody_needs_any_more_is_not_sent(env: Env) -> None:
    mail_id = env.mails.create()
    env.mails.rows[mail_id].moot = True
    await relayed(env, mail_id)
    assert env.mails.rows[mail_id].state is EffectState.SUPPRESSED
    assert env.sender.mails == []


async def test_a_terminated_workflow_is_put_back(idle_env: Env) -> None:
    mail_id = idle_env.mails.create()
    await start_account_mail(idle_env.client, mail_id)
    await idle_env.client.get_workflow_handle(account_mail_id(mail_id)).terminate()
    async with idle_env.working():
        await relayed(idle_env, mail_id)
    assert len(idle_env.sender.mails) == 1


async def test_a_workflow_started_by_hand_under_another_id_does_nothing(env: Env) -> None:
    mail_id = env.mails.create()
    handle = await env.client.start_workflow(
        AccountMailWorkflow.run, AccountMailInput(str(mail_id)), id=f"by-hand/{uuid4()}", task_queue="deliver"
    )
    await handle.result()
    assert env.mails.rows[mail_id].state is EffectState.READY


async def test_a_history_has_no_word_of_the_mail(idle_months: tuple[Env, Skip]) -> None:
    history = to_json(await story(*idle_months))
    for canary in CANARIES:
        assert canary not in history
    assert "@" not in history


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.parent.name)
async def test_histories_of_every_release_replay(path: object) -> None:
    history: WorkflowHistory = recorded(path)  # type: ignore[arg-type]
    replayer = Replayer(workflows=[AccountMailWorkflow], workflow_runner=UnsandboxedWorkflowRunner())
    await replayer.replay_workflow(history)


async def test_this_release_gives_the_commands_that_were_recorded(idle_months: tuple[Env, Skip]) -> None:
    history = await story(*idle_months)
    assert fingerprint(history.events) == fingerprint(recorded(RECORDED[-1]).events)
    assert fingerprint(history.events) == ["activity deliver_account_mail on deliver", "complete"]
