"""The same stories by the dice: faster by far than a machine that also shrinks, so thousands are told in seconds."""

from random import Random

from tests.families.model import CLOSED, RESOLVED, Model
from tests.families.stories import TICKETS, Desk

_WEIGHTS = {
    "link": 3,
    "unlink": 2,
    "set_policy": 2,
    "settle": 5,
    "settle_all": 4,
    "reopen": 4,
    "hear": 4,
    "carry_out": 4,
    "undo": 3,
    "merge": 3,
    "unmerge": 3,
    "mark_spam": 1,
    "unmark_spam": 1,
}
_DOWN = ("cascade", "cascade", "cascade", "block", "independent")


def tell(desk: Desk, random: Random, *, steps: int) -> None:
    """One story, told to the desk and to the model; AssertionError with the whole story where they part."""
    model, story = Model(TICKETS), list[str]()
    for act in ["link", "link", *random.choices([*_WEIGHTS], [*_WEIGHTS.values()], k=steps)]:
        arguments = _arguments(act, random, len(story))
        for name in ("settle", "carry_out") if act == "settle_all" else (act,):
            given = arguments[:1] if name == "carry_out" else arguments
            story.append(f"{name}{given}")
            done, expected = getattr(desk, name)(*given), getattr(model, name)(*given)
            assert done == expected, (story, done, expected)
        assert (desk.statuses(), desk.parents()) == (model.statuses(), model.parents()), story


def _arguments(act: str, random: Random, told: int) -> tuple[object, ...]:
    if told < 2:
        return (told + 1, 0)
    # The first one is mostly the parent.
    number = random.choice([0, 0, 0, 1, 1, 2, 3])
    match act:
        case "link" | "merge":
            return (number, random.randrange(TICKETS))
        case "set_policy":
            return (number, random.choice(_DOWN), random.choice(["settle", "settle", "notify"]))
        case "settle" | "settle_all":
            return (number, random.choice([RESOLVED, CLOSED]))
        case _:
            return (number,)
