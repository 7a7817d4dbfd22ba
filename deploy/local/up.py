"""`duradesk up`: one stack from its first process to its last, in the foreground."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from deploy.local import stack as stacks
from deploy.local.home import locked, prepare_home, secret
from deploy.local.logs import say
from deploy.local.ports import Reservation, reserve, stack_ports
from deploy.local.settings import LocalSettings
from deploy.local.supervisor import Supervisor, read_status
from services.domain.errors import Unavailable
from services.domain.user import first_owner

_LEFT_OVER_SECONDS = 3.0


async def _nothing_more(stack: stacks.Stack) -> None:
    """What happens after a start unless somebody wants more."""


def run(
    settings: LocalSettings, *, echo: bool, then: Callable[[stacks.Stack], Awaitable[None]] = _nothing_more
) -> None:
    """Start everything, say so, do what is wanted `then`, and stay until SIGINT, SIGTERM or SIGHUP.

    Raises a domain error when it cannot be.
    """
    prepare_home(settings)
    with locked(settings):
        asyncio.run(_run(settings, echo=echo, then=then))


async def _run(settings: LocalSettings, *, echo: bool, then: Callable[[stacks.Stack], Awaitable[None]]) -> None:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    supervisor = Supervisor(run=settings.run, log=settings.log, echo=echo)
    starting = asyncio.create_task(_start(settings, supervisor, then))
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await stopping
    finally:
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await supervisor.stop()


async def _start(
    settings: LocalSettings, supervisor: Supervisor, then: Callable[[stacks.Stack], Awaitable[None]]
) -> None:
    with await _reserve(settings) as ports:
        owner_password, stack = _owner_password(settings), stacks.load_stack(settings)
        await stacks.start(stack, supervisor, ports, owner_password=owner_password)
    say(_ready_line(settings))
    _introduce_owner(settings)
    await then(stack)


async def _reserve(settings: LocalSettings) -> Reservation:
    # A status that nobody took away is of a stack that was killed: its processes may be about to end.
    deadline = time.monotonic() + (_LEFT_OVER_SECONDS if read_status(settings.run) else 0)
    while True:
        try:
            return reserve(stack_ports(settings))
        except Unavailable:
            if time.monotonic() > deadline:
                raise
        await asyncio.sleep(0.1)


def _owner_password(settings: LocalSettings) -> str:
    """What the first owner's password shall be: given, or generated; empty when an earlier start has made the owner."""
    if _started_before(settings).exists():
        return ""
    password = settings.owner_password.get_secret_value() if settings.owner_password else _generated_password(settings)
    first_owner(settings.owner_email, password)  # refused here, before anything has started
    return password


def _generated_password(settings: LocalSettings) -> str:
    # Kept until it was shown, so that a first start that was cut off does not lose it.
    return secret(settings, "owner_password")


def _introduce_owner(settings: LocalSettings) -> None:
    """Show the generated password at the end of the first start, and forget it."""
    if _started_before(settings).exists():
        return
    if settings.owner_password is None:
        password = _generated_password(settings)
        say(f"Sign in as {settings.owner_email} with the password {password} (shown only this once).")
        (settings.secrets / "owner_password").unlink()
    _started_before(settings).touch()


def _started_before(settings: LocalSettings) -> Path:
    return settings.data / "started"


def _ready_line(settings: LocalSettings) -> str:
    addresses = [f"gRPC {settings.listen}:{settings.grpc_port}", f"SMTP {settings.listen}:{settings.smtp_port}"]
    if settings.embeds_temporal:
        addresses.append(f"Temporal UI http://127.0.0.1:{settings.temporal_ui_port}")
    return f"Duradesk is ready at {settings.url} ({', '.join(addresses)})"
