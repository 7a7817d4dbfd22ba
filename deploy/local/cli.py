"""The command `duradesk`: runs the whole help desk on this machine, and asks things of one that runs."""

import asyncio
import os
import shlex
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer

from deploy.demo.script import STORIES
from deploy.local import targets
from deploy.local import up as upper
from deploy.local.access import fetch_token
from deploy.local.home import is_running
from deploy.local.queues import read_queues
from deploy.local.settings import LocalSettings
from deploy.local.stack import Stack, load_stack, migrate_all
from deploy.local.supervisor import read_status
from services.common.settings import load_settings
from services.domain.errors import DuradeskError, Unavailable

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


def main() -> None:
    """Run the command; an error that has a sentence ends with it and exit code 1."""
    try:
        app()
    except DuradeskError as error:
        sys.exit(f"duradesk: {error.message}")


@app.command()
def up(
    *, quiet: Annotated[bool, typer.Option("--quiet", help="Write what processes say to their log files only.")] = False
) -> None:
    """Start everything and stay in the foreground until Ctrl-C; a process that dies is started again."""
    upper.run(load_settings(LocalSettings), echo=not quiet)


@app.command()
def demo(
    *, stories: Annotated[int, typer.Option(min=1, help="How many of the newest stories to tell.")] = STORIES
) -> None:
    """Fill the stack with a shop and its last weeks; starts it, and stays in the foreground, if it does not run."""
    # All of the desk comes with it, which no other command is to wait for.
    from deploy.demo.fill import fill

    settings, told = load_settings(LocalSettings), partial(fill, stories=stories)
    if is_running(settings):
        asyncio.run(told(load_stack(settings)))
    else:
        upper.run(settings, echo=False, then=told)


@app.command()
def status() -> None:
    """List the processes of the stack (name, process id, up since, restarts, where /metrics is) and what waits."""
    settings = load_settings(LocalSettings)
    if not is_running(settings):
        raise Unavailable(f"Nothing runs in {settings.data}: start it with `duradesk up`.")
    typer.echo(f"{'NAME':<10} {'PID':>8} {'STATE':<9} {'UP SINCE':<20} {'UP FOR':>9} {'RESTARTS':>8} METRICS")
    addresses = targets.read(settings)
    for row in read_status(settings.run):
        since = row.started_at.strftime("%Y-%m-%d %H:%M:%SZ") if row.started_at else "-"
        age = str(datetime.now(UTC) - row.started_at).split(".")[0] if row.started_at else "-"
        state = "ready" if row.ready else "starting" if row.pid else "waiting"
        told = f"{row.name:<10} {row.pid or '-':>8} {state:<9} {since:<20} {age:>9} {row.restarts:>8}"
        typer.echo(f"{told} {addresses.get(row.name, '-')}")
    for name, value in read_queues(settings):
        typer.echo(f"{name:<32} {value:>10.10g}")


@app.command()
def token(
    email: Annotated[str, typer.Option(help="Whose token it shall be.")],
    password: Annotated[str, typer.Option(envvar="DURADESK_OWNER_PASSWORD", help="Asked for if not given.")] = "",
    url: Annotated[str | None, typer.Option(help="The gateway; by default that of this stack.")] = None,
) -> None:
    """Print an API token, to be sent as `Authorization: Bearer …`."""
    # Asked on stderr: stdout is what a shell puts into a variable.
    password = password or typer.prompt("Password", hide_input=True, err=True)
    typer.echo(fetch_token(url or load_settings(LocalSettings).url, email=email, password=password))


@app.command()
def reconcile() -> None:
    """Compare every ticket with its workflow now, and wake up those that differ."""
    command = [sys.executable, "-m", "workflows", "reconcile", "--once"]
    os.execve(sys.executable, command, os.environ | _stack().environment)  # noqa: S606 - our own program, no shell


@app.command()
def migrate() -> None:
    """Bring the database up to date: the one of DURADESK_DATABASE_URL, or that of the stack that runs here."""
    settings = load_settings(LocalSettings)
    if settings.embeds_postgres and not is_running(settings):
        raise Unavailable(
            "Set DURADESK_DATABASE_URL, or start a stack here with `duradesk up`, which migrates its own database."
        )
    url = load_stack(settings).database_url if settings.embeds_postgres else settings.database_url
    for applied in asyncio.run(migrate_all(url)):
        typer.echo(applied)


@app.command()
def env() -> None:
    """Print the settings of the stack in this directory, secrets included, for a shell: `eval "$(duradesk env)"`."""
    for name, value in sorted(_stack().environment.items()):
        typer.echo(f"export {name}={shlex.quote(value)}")


def _stack() -> Stack:
    settings = load_settings(LocalSettings)
    if not (settings.secrets / "database_password").exists():
        raise Unavailable(f"There is no stack in {settings.data}: start one with `duradesk up`, or set DURADESK_HOME.")
    return load_stack(settings)
