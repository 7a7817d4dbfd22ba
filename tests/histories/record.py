"""Records the histories of this release: `python -m tests.histories.record`, before each release that changed them."""

import asyncio
import os
import sys
import tomllib
from pathlib import Path

from tests.histories import account_mail
from tests.histories.stories import STORIES, history_of, to_json
from tests.workflow.conftest import skipping_environment
from tests.workflow.env import Env

HERE = Path(__file__).parent


def version() -> str:
    """The release that the project file names."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


async def record() -> None:
    """Live through every story and keep its history."""
    folder = HERE / version()
    folder.mkdir(exist_ok=True)
    async with skipping_environment() as server:
        mail = folder / account_mail.NAME
        mail.parent.mkdir(exist_ok=True)
        history = await account_mail.story(Env(server.client, now=server.get_current_time), server.sleep)
        mail.write_text(to_json(history), encoding="utf-8")
        for name, story in STORIES.items():
            env = Env(server.client, now=server.get_current_time)
            history = await history_of(env, server.sleep, story)
            (folder / f"{name}.json").write_text(to_json(history), encoding="utf-8")
            print(f"{folder.name}/{name}.json: {len(history.events)} events")  # noqa: T201 - this is its output


if __name__ == "__main__":
    asyncio.run(record())
    sys.stdout.flush()
    # The Temporal SDK's threads may abort the interpreter while it ends: leave without its ending.
    os._exit(0)
