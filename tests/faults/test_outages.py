"""Temporal and PostgreSQL are taken away in the middle of real work: nothing is lost, late or done twice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.test_story import create, quick_brand
from tests.faults.closing import judge_closings, wait_for_plan
from tests.faults.load import Load
from tests.faults.servers import TemporalServer
from tests.faults.sizes import sized
from tests.faults.stories import Outage, judge
from tests.postgres import Postgres
from tests.stack import Stack, running_stack, wait_for

OUTAGE_SECONDS = sized(everyday=20, short=60, full=60)
LONG_OUTAGE_SECONDS = 600
RESTARTS = sized(everyday=3, short=3, full=20)


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory, temporal: TemporalServer, postgres: Postgres) -> Iterator[Stack]:
    """A stack on a Temporal and a PostgreSQL that this test can take away."""
    addresses = {"DURADESK_TEMPORAL_ADDRESS": temporal.address, "DURADESK_DATABASE_URL": postgres.url("postgres")}
    with running_stack(tmp_path_factory.mktemp("exposed") / "home", addresses) as stack:
        yield stack


@pytest.mark.parametrize(
    "seconds", [OUTAGE_SECONDS, pytest.param(LONG_OUTAGE_SECONDS, marks=pytest.mark.faults_all)], ids=["short", "long"]
)
def test_intake_goes_on_while_temporal_is_down(
    exposed: Stack, temporal: TemporalServer, tmp_path: Path, seconds: int
) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=1)
    load.start()
    wait_for(lambda: len(load.told) > 3, what="some stories")
    with _outage() as outages:
        temporal.stop()
        before, over_at = load.acknowledged, time.monotonic() + seconds
        wait_for(lambda: time.monotonic() > over_at, within=seconds + 10, what="the outage to pass")
        assert load.acknowledged - before > seconds, "people could not go on working"
        temporal.start()
    load.finish()
    judge(
        load,
        scenario="Temporal down",
        outages=outages,
        # What waits is one story a second, and the desk decides far more than five in one.
        promised=60 + seconds / 5,
        shown_by="duradesk_outbox_oldest_seconds",
        within=300,
        note=f"down for {seconds} s",
    )


@contextmanager
def _outage() -> Iterator[list[Outage]]:
    """The block as an outage, known when it is over."""
    outages: list[Outage] = []
    began_at = datetime.now(UTC)
    yield outages
    outages.append(Outage(began_at, datetime.now(UTC)))


def test_every_timer_is_back_after_temporals_database_was_deleted(exposed: Stack, temporal: TemporalServer) -> None:
    with exposed.api() as api:
        brand = quick_brand(api, auto_close_after="PT30S")
        created = [create(api, brand=brand["name"]) for _ in range(20)]
        for one in created:
            api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
        for one in created:
            wait_for_plan(api, one["id"])
        temporal.stop()
        temporal.delete_database()
        temporal.start()
        judge_closings(api, created, scenario="Temporal's database deleted")


def test_what_was_acknowledged_is_there_after_postgresql_was_restarted_in_the_middle(
    exposed: Stack, postgres: Postgres, tmp_path: Path
) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=0.25)
    load.start()
    for _ in range(RESTARTS):
        so_far = load.acknowledged
        wait_for(lambda: load.acknowledged > so_far + 10, what="work between two restarts")  # noqa: B023
        postgres.stop()
        postgres.start()
    load.finish()
    judge(
        load,
        scenario="PostgreSQL restarted at once",
        promised=60,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{RESTARTS} restarts",
    )
