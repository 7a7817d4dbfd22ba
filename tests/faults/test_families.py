"""A large family is settled, and one is merged, while everything is killed: each child and each customer once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from tests.families.seed import SEED, seeded
from tests.faults.judge import FULL, Verdict, pronounce
from tests.faults.servers import TemporalServer
from tests.postgres import Postgres, running_postgres
from tests.stack import OWNER, Stack, running_stack, wait_for

CHILDREN = 10_000 if FULL else 130
# As many as a merge moves.
MERGED = 200 if FULL else 40
WITHIN = 3_000 if FULL else 240
MOST_HISTORY = 10_000

pytestmark = pytest.mark.timeout(4_000 if FULL else 480)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    server = TemporalServer(tmp_path_factory.mktemp("temporal") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, temporal: TemporalServer) -> Iterator[Stack]:
    addresses = {"DURADESK_TEMPORAL_ADDRESS": temporal.address, "DURADESK_DATABASE_URL": postgres.url()}
    with running_stack(tmp_path_factory.mktemp("families") / "home", addresses) as stack:
        yield stack


def rows(postgres: Postgres, statement: str, parameters: dict[str, object] | None = None) -> list[Any]:
    with psycopg.connect(postgres.url(), options="-c search_path=tickets,public", autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


def handled(postgres: Postgres) -> int:
    return int(rows(postgres, "SELECT count(*) FROM cascade_items WHERE outcome IS NOT NULL")[0][0])


def test_a_family_is_closed_while_everything_is_killed(
    stack: Stack, postgres: Postgres, temporal: TemporalServer
) -> None:
    emails = [f"child-{number}@example.com" for number in range(CHILDREN)]
    family = seeded(emails, parent_email="parent@example.com")
    rows(postgres, "UPDATE brands SET acknowledge = false, staff_notices = false, undo_seconds = 0")
    rows(postgres, SEED, family)
    with stack.api(OWNER) as api:
        began = time.monotonic()
        api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
        cuts: list[Callable[[], object]] = [partial(stack.kill, name) for name in ("worker", "relay", "tickets")]
        cuts += [partial(_restart, postgres), partial(_restart, temporal)]
        for number, cut in enumerate(cuts):
            # The first while the first page is under way, the others as it goes on.
            reached = min(number * CHILDREN // 6, CHILDREN)
            wait_for(lambda: handled(postgres) >= reached, within=WITHIN, every=0.05, what="the cascade")  # noqa: B023
            cut()

        def ended() -> bool:
            return rows(postgres, "SELECT state FROM cascades") == [("done",)]

        wait_for(ended, within=WITHIN, every=0.5, what="the cascade to end")
        closed_after = time.monotonic() - began
        cascade = api.get(f"/tickets/{family['parent_id']}/family").json()["cascade"]
    assert (cascade["total"], cascade["done"], cascade["failed"]) == (CHILDREN, CHILDREN, 0), cascade
    changed = Counter(row[0] for row in rows(postgres, "SELECT ticket_id FROM events WHERE kind = 'ticket_closed'"))
    assert len(changed) == CHILDREN + 1
    lost, doubled = CHILDREN + 1 - len(changed), sum(changed.values()) - len(changed)

    wait_for(partial(all_told, postgres), within=WITHIN, every=1, what="every customer to be told")
    told = mails_by_address(stack)
    doubtful = rows(postgres, "SELECT count(*) FROM effects WHERE doubtful")[0][0]
    lost += len(set(emails) - told.keys())
    doubled += max(sum(told[email] - 1 for email in emails) - doubtful, 0)
    history = stack.temporal("workflow", "show", "--workflow-id", f"ticket/{family['parent_id']}")
    assert len(history["events"]) < MOST_HISTORY
    note = f"{CHILDREN} children in {closed_after:.0f} s, the parent's last run has {len(history['events'])} events"
    pronounce(Verdict("a family closed", CHILDREN, cascade["done"], lost, doubled, in_doubt=doubtful, note=note))


def test_a_family_is_merged_and_then_closed_while_everything_is_killed(stack: Stack, postgres: Postgres) -> None:
    emails = [f"merged-{number}@example.com" for number in range(MERGED)]
    family, survivor = (
        seeded(emails, parent_email="merged@example.com"),
        seeded([], parent_email="survivor@example.com"),
    )
    rows(postgres, "UPDATE brands SET acknowledge = false, staff_notices = false, undo_seconds = 0")
    for seed in (family, survivor):
        rows(postgres, SEED, seed)
    with stack.api(OWNER) as api, ThreadPoolExecutor(1) as pool:
        merge = partial(merged, api, family["parent_id"], survivor["parent_id"])
        for cut in (partial(stack.kill, "tickets"), partial(_restart, postgres)):
            answer = pool.submit(merge)
            wait_for(lambda: answer.done() or writes(postgres), within=WITHIN, every=0.02, what="the merge")  # noqa: B023
            cut()
            answer.result()
            # All of them moved, or none.
            assert len(rows(postgres, "SELECT DISTINCT parent_id FROM tickets WHERE id = ANY(%(ids)s)", family)) == 1
        wait_for(merge, within=WITHIN, every=0.5, what="the merge to be made")
        wait_for(
            partial(closed, api, survivor["parent_id"]), within=WITHIN, every=0.5, what="the survivor to be closed"
        )
        for name in ("worker", "relay", "tickets"):
            stack.kill(name)

        def ended() -> bool:
            asked = "SELECT state FROM cascades WHERE parent_id = %(parent_id)s"
            return rows(postgres, asked, survivor) == [("done",)]

        wait_for(ended, within=WITHIN, every=0.5, what="the cascade to end")
        wait_for(partial(all_told, postgres), within=WITHIN, every=1, what="every customer to be told")
        cascade = api.get(f"/tickets/{survivor['parent_id']}/family").json()["cascade"]
    assert (cascade["total"], cascade["done"]) == (MERGED, MERGED), cascade
    kinds = "SELECT kind, count(*) FROM events WHERE ticket_id = ANY(%(ids)s) GROUP BY kind"
    events = dict(rows(postgres, kinds, family))
    assert [events[kind] for kind in ("parent_set", "ticket_closed")] == [MERGED] * 2, events
    told = mails_by_address(stack)
    doubtful = rows(postgres, "SELECT count(*) FROM effects WHERE doubtful")[0][0]
    lost = len(set(emails) - told.keys())
    doubled = max(sum(told[email] - 1 for email in emails) - doubtful, 0)
    pronounce(Verdict("a family merged", MERGED, cascade["done"], lost, doubled, in_doubt=doubtful))


def merged(api: httpx.Client, source_id: object, target_id: object) -> bool:
    """Whether the merge is made, as somebody asks who tries again."""
    key = {"Idempotency-Key": f"merge-{source_id}"}
    try:
        return api.post(f"/tickets/{source_id}/merge", json={"into": str(target_id)}, headers=key).is_success
    except httpx.HTTPError:
        return False


def closed(api: httpx.Client, ticket_id: object) -> bool:
    """Whether it is closed, as somebody asks who tries again."""
    try:
        return api.post(f"/tickets/{ticket_id}/close").is_success
    except httpx.HTTPError:
        return False


def writes(postgres: Postgres) -> bool:
    """Whether somebody is in the middle of a long transaction."""
    asked = """SELECT count(*) FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND xact_start < clock_timestamp() - interval '0.1 seconds'"""
    return bool(rows(postgres, asked)[0][0])


def all_told(postgres: Postgres) -> bool:
    """Whether nothing is left to decide or to send."""
    waiting = "SELECT count(*) FROM effects WHERE state IN ('ready', 'claimed', 'sending')"
    undecided = "SELECT count(*) FROM tickets WHERE version > decided_seq"
    return not rows(postgres, waiting)[0][0] and not rows(postgres, undecided)[0][0]


def _restart(server: Postgres | TemporalServer) -> None:
    server.stop()
    server.start()


def mails_by_address(stack: Stack) -> Counter[str]:
    """How many mails each address got."""
    files = (stack.home / "sink" / "new").glob("*")
    addresses = (str(message_from_bytes(file.read_bytes())["To"]) for file in files)
    return Counter(address.rpartition("<")[2].rstrip(">") for address in addresses)
