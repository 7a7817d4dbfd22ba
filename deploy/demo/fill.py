"""`duradesk demo`: fills a running stack with the shop and its last weeks, and says how to look at them."""

import asyncio
import time
import urllib.request
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from deploy.demo.cast import VISITOR
from deploy.demo.desk import PastDesk, past_desk
from deploy.demo.levels import promise
from deploy.demo.play import Play
from deploy.demo.script import STORIES, Story, write_script
from deploy.demo.shop import OWNER, Shop, open_shop
from deploy.local.home import secret
from deploy.local.logs import say
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack
from services.common.auth import PrincipalSigner
from services.common.channel import open_channel
from services.common.logging import configure_logging
from services.common.settings import load_settings
from services.domain.errors import InvalidTransition, Unavailable
from services.identity.client import IdentityClient
from services.mail.client import SmtpSettings
from services.routing.client import RoutingClient
from services.routing.rules.client import RulesClient
from services.routing.service_levels.client import ServiceLevelsClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.settings import TicketsSettings

_READY_SECONDS = 120.0


async def fill(stack: Stack, *, stories: int = STORIES) -> None:
    """Make what is missing of the newest stories, and say how to sign in.

    Raises InvalidTransition when mails would reach real people.
    """
    settings = stack.settings
    if settings.smarthost not in ("", f"127.0.0.1:{settings.sink_port}"):
        raise InvalidTransition(
            "The demo writes mails: start it without DURADESK_SMARTHOST, so that they are only kept."
        )
    configure_logging(settings.model_copy(update={"log_level": "warning"}), "demo")
    await _ready(settings)
    began = time.monotonic()
    password = secret(settings, "demo_password")
    told = await _tell(stack, password=password, script=write_script()[-stories:])
    if told:
        say(f"The demo is there: {told} stories of three brands, told in {time.monotonic() - began:.0f} s.")
    else:
        say("The demo is there already: nothing was added.")
    say(f"Sign in at {settings.url} as {VISITOR.email} with the password {password}")
    say(f"or as the owner, {settings.owner_email}, with the password of the first start.")


async def _ready(settings: LocalSettings) -> None:
    """Wait until the stack, which may be starting just now, takes calls."""
    deadline = time.monotonic() + _READY_SECONDS
    while not await asyncio.to_thread(_answers, f"{settings.url}/readyz"):
        if time.monotonic() > deadline:
            raise Unavailable(f"The stack in {settings.data} does not become ready: see its logs in {settings.log}.")
        await asyncio.sleep(0.5)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own gateway
            return bool(answer.status == 200)
    except OSError:
        return False


async def _tell(stack: Stack, *, password: str, script: Sequence[Story]) -> int:
    """Open the shop and tell its stories; how many of them are new."""
    settings = stack.settings
    shared = {
        "principal_key": SecretStr(stack.principal_key),
        "database_url": stack.database_url,
        "home": settings.data,
    }
    tickets_settings = load_settings(TicketsSettings).model_copy(update=shared)
    smtp = load_settings(SmtpSettings).model_copy(
        update={**shared, "smarthost": stack.plain_environment["DURADESK_SMARTHOST"]}
    )
    signer = PrincipalSigner(stack.principal_key.encode())
    async with AsyncExitStack() as channels:
        tickets, routing, identity = [
            await channels.enter_async_context(open_channel(address, credentials=lambda: signer.sign(OWNER)))
            for address in (settings.tickets_address, settings.routing_address, settings.identity_address)
        ]
        shop = await open_shop(
            TicketsClient(tickets), RoutingClient(routing), IdentityClient(identity), password=password
        )
        await promise(ServiceLevelsClient(routing))
        await RulesClient(routing).add_default_rules()
    async with past_desk(tickets_settings, smtp) as desk:
        return await _play(desk, shop, script)


async def _play(desk: PastDesk, shop: Shop, script: Sequence[Story]) -> int:
    now, told = datetime.now(UTC) - timedelta(seconds=5), 0
    for story in script:
        async with desk.story(story.key) as is_new:
            if is_new:
                await Play(story, desk, shop, now=now).run()
                told += 1
    return told
