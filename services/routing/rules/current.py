"""The rules as they are now, compiled once for each change, and as they were."""

import structlog

from services.domain.rules.compiled import NO_RULES, RuleSet, compile_rules
from services.routing.rules.convert import UNREADABLE, known_rule_of
from services.routing.rules.store import RuleStore

log = structlog.get_logger()


class CurrentRules:
    """Asks for the revision each time, and for the rest only when it is another one."""

    def __init__(self, store: RuleStore) -> None:
        self._store = store
        self._rules = NO_RULES

    @property
    def known(self) -> RuleSet:
        """As they were last read: those that count, if they are of the present revision."""
        return self._rules

    async def read(self) -> RuleSet:
        """The rules that count now."""
        if await self._store.read_revision() != self._rules.revision:
            revision, rules = await self._store.list_rules()
            self._rules = compile_rules(map(known_rule_of, rules), revision=revision)
            if self.unreadable:
                log.error("rules.unreadable", rules=self.unreadable)
        return self._rules

    @property
    def unreadable(self) -> int:
        """How many of them only another release can read."""
        return sum(each.rule.paused_reason == UNREADABLE for each in self._rules.rules.values())

    async def read_at(self, revision: int) -> RuleSet:
        """The rules that counted at a revision."""
        if revision == self._rules.revision:
            return self._rules
        return compile_rules(map(known_rule_of, await self._store.list_rules_at(revision)), revision=revision)
