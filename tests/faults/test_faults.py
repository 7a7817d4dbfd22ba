"""Processes and workflows are killed and restarted in the middle of real work: nothing is lost, late or done twice."""

import random
import time
from pathlib import Path

import pytest

from tests.e2e.test_story import create, quick_brand
from tests.faults.closing import judge_closings, wait_for_plan
from tests.faults.load import Load
from tests.faults.sizes import sized
from tests.faults.stories import judge
from tests.stack import Stack, wait_for

SEED = 20_261_122
OURS = ("gateway", "tickets", "routing", "identity", "mail", "relay", "worker", "reconcile")
PROCESSES = (*OURS, "postgres", "temporal")
KILLS = sized(everyday=len(PROCESSES), short=len(PROCESSES), full=50)
ROUNDS = sized(everyday=1, short=1, full=3)
HANDLED = sized(everyday=2, short=5, full=20)


def test_stories_go_on_while_each_process_is_killed_in_their_middle(stack: Stack, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    load = Load(stack, tmp_path / "log.jsonl")
    load.start()
    names = [name for _ in range(KILLS // len(PROCESSES)) for name in chance.sample(PROCESSES, len(PROCESSES))]
    for name in names:
        time.sleep(chance.uniform(0.5, 2.5))  # the seeded step of the stories at which it dies
        wait_for(lambda: _killed(stack, name), what=f"the next {name}")  # noqa: B023
    load.finish()
    judge(
        load,
        scenario="everything killed at random",
        promised=60,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{len(names)} kills",
    )
    assert len(load.told) > 10


def _killed(stack: Stack, name: str) -> bool:
    """Kill it; one that was killed just before may not be back yet."""
    try:
        stack.kill(name)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.faults_only
def test_stories_go_on_while_each_process_is_restarted_in_turn(stack: Stack, tmp_path: Path) -> None:
    load = Load(stack, tmp_path / "log.jsonl", every=1)
    load.start()
    for name in OURS * ROUNDS:
        stack.restart(name)
        time.sleep(1)
    load.finish()
    judge(
        load,
        scenario="rolling restarts",
        promised=30,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{len(OURS) * ROUNDS} restarts",
    )


@pytest.mark.parametrize("act", ["terminated", pytest.param("reset", marks=pytest.mark.faults_only)])
def test_a_workflow_that_somebody_lays_hands_on_is_back_within_a_minute(stack: Stack, act: str) -> None:
    words = {"terminated": ["terminate"], "reset": ["reset", "--type", "FirstWorkflowTask"]}[act]
    with stack.api() as api:
        brand = quick_brand(api, auto_close_after="PT20S")
        created = [create(api, brand=brand["name"]) for _ in range(HANDLED)]
        for one in created:
            api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
        for one in created:
            wait_for_plan(api, one["id"])
            workflow_id = f"ticket/{one['id']}"
            command = ["temporal", "workflow", *words, "--workflow-id", workflow_id]
            # One that is closed by now, on a machine that is very busy, has no workflow to lay hands on.
            stack.run(*command, "--address", stack.temporal_address, check=False)
        judge_closings(api, created, scenario=f"a workflow {act} by hand")
