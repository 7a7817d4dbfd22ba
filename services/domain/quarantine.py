"""What may be done with a quarantined item: kept -> releasing | retrying -> taken, or kept again; or deleted."""

from services.domain.errors import InvalidTransition
from services.domain.quarantined import QuarantineState as S


def check_want(old: S, new: S) -> bool:
    """Whether to have a door release or retry it: not again, not after it was taken; InvalidTransition when deleted."""
    if old is S.DELETED:
        raise InvalidTransition("The item was deleted: its source is gone.", metadata={"state": old})
    return old not in (new, S.TAKEN)


def check_delete(old: S) -> bool:
    """Whether to forget its source: not again; InvalidTransition when it was taken."""
    if old is S.TAKEN:
        raise InvalidTransition("The item was taken as a ticket: it cannot be deleted here.", metadata={"state": old})
    return old is not S.DELETED
