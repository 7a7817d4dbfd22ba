"""Many rules cost little: what a decision needs of the processor with 500 of them."""

import time
from collections.abc import Callable

from services.domain.decide import decide
from services.domain.rules.compiled import RuleSet, compile_rules
from services.domain.rules.model import Rule, Trigger
from tests.unit.rules.stories import ROUTING, created, make_rule, priority, ran, tag

# A body of 2 kB in which one rule finds its word.
BODY = ("Dobrý den, ráda bych reklamovala balík číslo 4711, který přišel pozdě a rozbitý. Děkuji za odpověď. " * 20)[
    :2048
]
MOST_SECONDS = 0.005


def many(count: int) -> RuleSet:
    """Rules as people write them: words, fields and tags; a few fit."""
    rules: list[Rule] = []
    for n in range(count):
        when = f'(subject:parcel{n} OR message.text:word{n},"two words{n}") -tag:t{n} priority:normal channel:mail,rest'
        rules.append(make_rule(f"rule {n}", tag(f"t{n}"), when=when))
    rules[10] = make_rule("words", priority("high"), tag("return"), when="message.text:reklam* -type:question")
    rules[-1] = make_rule("chained", tag("pressed"), on=Trigger.PRIORITY_CHANGED, when="changed_to.priority:high")
    return compile_rules(rules)


def seconds_of(rules: RuleSet, *, times: int) -> float:
    """Processor time of one decision, the best of several: what else runs on the machine is none of ours."""
    facts, spent = created(text=BODY, subject="Balík"), []
    for _ in range(times):
        begun = time.process_time()
        decision = decide(facts, ROUTING, rules=rules)
        spent.append(time.process_time() - begun)
        assert ran(decision) == ["words", "chained"]
    return min(spent)


def test_500_rules_look_at_an_event_within_5_ms(record_testsuite_property: Callable[[str, object], None]) -> None:
    rules = many(500)
    spent = seconds_of(rules, times=200)
    record_testsuite_property("milliseconds_of_500_rules", round(spent * 1000, 2))
    assert spent < MOST_SECONDS, f"500 rules take {spent * 1000:.2f} ms of processor time"
