"""The memory of processes that serve for long."""

import gc

# Python looks for garbage that names itself after every 700 new objects: two or three times for each page of a list.
_NEW_OBJECTS = 20_000


def keep_what_is_there() -> None:
    """After the start: what there is by now stays, and nobody looks there for garbage again; elsewhere less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
