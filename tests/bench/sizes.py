"""How much of each part is measured: enough to see that it works, what 20 minutes allow, or what 90 minutes allow.

The last two end in time on two processors that decide 18 tickets a second.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Counts by part; seconds are said where they are meant."""

    name: str
    starts: int
    settle_seconds: float  # PostgreSQL still works for so long after a start
    rest_seconds: float
    intake: dict[int, int]  # tickets of a round, by concurrency
    rounds: int
    stories: int
    paced: int  # creates for the time to a first decision, at 50/s
    burst: int
    armed: int  # dues that wait while others happen, those of the burst among them
    flat: int  # dues before and after these were armed
    dues: int
    due_seconds: int  # within which all of them are due
    ahead_seconds: int  # between the last create and the first due, for the decisions that arm the timers
    stored: tuple[int, ...]
    requests: int  # for each query and concurrency
    children: tuple[int, ...]
    rules: tuple[int, ...]
    ruled: int  # tickets decided under each number of rules
    workers: tuple[int, ...]
    drained: int  # tickets for each number of workers


SIZES = {
    # For a test of the benchmarks themselves.
    "tiny": Size(
        name="tiny",
        starts=1,
        settle_seconds=0,
        rest_seconds=0.5,
        intake={8: 8},
        rounds=1,
        stories=2,
        paced=3,
        burst=4,
        armed=6,
        flat=2,
        dues=3,
        due_seconds=1,
        ahead_seconds=4,
        stored=(10, 100),
        requests=1,
        children=(2,),
        rules=(2,),
        ruled=2,
        workers=(1,),
        drained=2,
    ),
    "small": Size(
        name="small",
        starts=1,
        settle_seconds=0,
        rest_seconds=1,
        intake={1: 8, 8: 32, 32: 32},
        rounds=1,
        stories=4,
        paced=10,
        burst=30,
        armed=40,
        flat=6,
        dues=6,
        due_seconds=2,
        ahead_seconds=2,
        stored=(20, 200),
        requests=2,
        children=(5,),
        rules=(10,),
        ruled=8,
        workers=(1,),
        drained=12,
    ),
    "bench": Size(
        name="bench",
        starts=2,
        settle_seconds=40,
        rest_seconds=60,
        intake={1: 50, 8: 160, 32: 160},
        rounds=5,
        stories=50,
        paced=300,
        burst=1_000,
        armed=1_000,
        flat=200,
        dues=1_000,
        due_seconds=60,
        ahead_seconds=15,
        stored=(1_000, 100_000),
        requests=30,
        children=(100, 1_000),
        rules=(10, 100, 500),
        ruled=120,
        workers=(1, 2, 4),
        drained=240,
    ),
    "all": Size(
        name="all",
        starts=2,
        settle_seconds=40,
        rest_seconds=60,
        intake={1: 200, 8: 600, 32: 600},
        rounds=5,
        stories=150,
        paced=600,
        burst=5_000,
        armed=20_000,
        flat=400,
        dues=1_000,
        due_seconds=60,
        ahead_seconds=15,
        stored=(1_000, 100_000, 1_000_000),
        requests=100,
        children=(100, 1_000, 5_000),
        rules=(10, 100, 500),
        ruled=400,
        workers=(1, 2, 4),
        drained=800,
    ),
}
