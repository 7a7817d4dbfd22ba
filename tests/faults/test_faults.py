"""Processes are killed and servers taken away in the middle of real work: nothing is lost, late or done twice."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_story import create, quick_brand, ticket, wait_for_status
from tests.faults.load import Load, judge
from tests.faults.servers import TemporalServer
from tests.faults.sizes import FULL
from tests.postgres import Postgres, running_postgres
from tests.stack import Stack, running_stack, wait_for

SEED = 20_261_122
OUTAGE_SECONDS = 60 if FULL else 20
RESTARTS = 20 if FULL else 3
PROCESSES = (
    "gateway",
    "tickets",
    "routing",
    "identity",
    "mail",
    "relay",
    "worker",
    "reconcile",
    "postgres",
    "temporal",
)

pytestmark = pytest.mark.timeout(900 if FULL else 420)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("faults") / "home") as stack:
        yield stack


def test_each_process_killed_once_in_the_middle_of_stories(stack: Stack, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    load = Load(stack, tmp_path / "log.jsonl")
    load.start()
    for name in chance.sample(PROCESSES, len(PROCESSES)):
        time.sleep(chance.uniform(0.5, 2.5))  # the seeded step of the stories at which it dies
        stack.kill(name)
    load.finish()
    judge(stack, load.told)
    assert len(load.told) > 10


def test_a_workflow_terminated_by_hand_is_back_within_a_minute(stack: Stack) -> None:
    with stack.api() as api:
        created = create(api)
        workflow_id = f"ticket/{created['id']}"
        wait_for(lambda: ticket(api, created["id"])["assignee_id"], what="an owner")
        stack.run(
            "temporal", "workflow", "terminate", "--workflow-id", workflow_id, "--address", stack.temporal_address
        )

        def runs() -> bool:
            described = stack.temporal("workflow", "describe", "--workflow-id", workflow_id)
            return bool(described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING")

        wait_for(runs, within=60, what="the workflow to be back")


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    server = TemporalServer(tmp_path_factory.mktemp("temporal") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory, temporal: TemporalServer, postgres: Postgres) -> Iterator[Stack]:
    """A stack on a Temporal and a PostgreSQL that this test can take away."""
    addresses = {"DURADESK_TEMPORAL_ADDRESS": temporal.address, "DURADESK_DATABASE_URL": postgres.url("postgres")}
    with running_stack(tmp_path_factory.mktemp("exposed") / "home", addresses) as stack:
        yield stack


def test_intake_goes_on_while_temporal_is_down(exposed: Stack, temporal: TemporalServer, tmp_path: Path) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=1)
    load.start()
    wait_for(lambda: len(load.told) > 3, what="some stories")
    temporal.stop()
    began, before = time.monotonic(), _acknowledged(load)
    wait_for(lambda: time.monotonic() - began > OUTAGE_SECONDS, within=OUTAGE_SECONDS + 10, what="the outage to pass")
    assert _acknowledged(load) - before > OUTAGE_SECONDS, "people could not go on working"
    temporal.start()
    load.finish()
    judge(exposed, load.told)


def test_every_timer_is_back_after_temporals_database_was_deleted(exposed: Stack, temporal: TemporalServer) -> None:
    with exposed.api() as api:
        brand = quick_brand(api, auto_close_after="PT45S")
        created = [create(api, brand=brand["name"]) for _ in range(20)]
        for one in created:
            api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
        plans = [wait_for(lambda: ticket(api, one["id"])["next_due_at"], what="the plan") for one in created]  # noqa: B023
        temporal.stop()
        temporal.delete_database()
        temporal.start()
        for one, planned in zip(created, plans, strict=True):
            closed = wait_for_status(api, one["id"], "closed", within=150)
            assert closed["updated_at"] >= planned, "closed early"
            activity = api.get(f"/tickets/{one['id']}/activity").json()["items"]
            assert [event["kind"] for event in activity].count("ticket_closed") == 1


def test_what_was_acknowledged_is_there_after_postgresql_was_restarted_in_the_middle(
    exposed: Stack, postgres: Postgres, tmp_path: Path
) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=0.25)
    load.start()
    for _ in range(RESTARTS):
        so_far = _acknowledged(load)
        wait_for(lambda: _acknowledged(load) > so_far + 10, within=60, what="work between two restarts")  # noqa: B023
        postgres.stop()
        postgres.start()
    load.finish()
    judge(exposed, load.told)


def _acknowledged(load: Load) -> int:
    return sum(len(story.acknowledged) for story in load.told)
