"""The rules of a fresh desk: the default set, which people then change as they like."""

import structlog

from services.domain.rules.default_set import DEFAULT_SET
from services.routing.rules.convert import stored_rule
from services.routing.rules.store import RuleStore

log = structlog.get_logger()
_DESK = "duradesk"


async def bootstrap_rules(store: RuleStore) -> None:
    """Add the default set where there has never been a rule; safe to run again and at once."""
    if await store.read_revision() == 0:
        added = await store.add_rules([stored_rule(rule) for rule in DEFAULT_SET], by=_DESK)
        log.info("routing.default_rules_added", rules=len(added))
