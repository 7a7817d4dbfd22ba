"""The table of faults speaks of scenarios, metrics and alarms that exist, and of all of them."""

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TESTS = [*(ROOT / "tests" / "faults").glob("test_*.py"), ROOT / "tests" / "workflow" / "test_mail_through_time.py"]
_TABLE = (ROOT / "docs" / "faults.md").read_text().partition("\n## Scenarios\n")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in _TABLE.splitlines()
    if line.startswith("| ") and not line.startswith("| scenario")
]
# Each of these is told by a running stack: tests/e2e/test_metrics.py looks.
METRICS = set(re.findall(r"duradesk_[a-z_]+", (ROOT / "docs" / "operating.md").read_text()))
ALARMS = {
    rule["alert"]
    for group in yaml.safe_load((ROOT / "deploy" / "observe" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}


def test_every_scenario_is_in_the_table_once_and_the_table_has_no_other() -> None:
    told = [row[0] for row in ROWS]
    assert len(told) == len(set(told))
    shapes = {shape for file in TESTS for shape in _scenarios(ast.parse(file.read_text()))}
    assert len(shapes) > 5
    assert [row for row in told if not any(re.fullmatch(shape, row) for shape in shapes)] == []
    assert [shape for shape in shapes if not any(re.fullmatch(shape, row) for row in told)] == []


def test_what_shows_a_scenario_exists() -> None:
    named = {name for file in TESTS for name in re.findall(r"\bduradesk_[a-z_]+", file.read_text())}
    assert named - METRICS == set()
    assert {name for row in ROWS for name in re.findall(r"\bduradesk_[a-z_]+", row[3])} - METRICS == set()


def test_every_row_names_a_metric_an_alarm_or_why_none_and_who_runs_it() -> None:
    for row in ROWS:
        metrics, _, alarm = row[3].partition("; ")
        assert metrics.startswith("`"), row[0]
        assert alarm in ALARMS or alarm.startswith("none: "), row[0]
        assert row[4] in {"test", "faults", "all"}, row[0]


def _scenarios(tree: ast.Module) -> set[str]:
    """What each Verdict and each judge is told as the scenario, as a pattern: what is put in may be anything."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    verdicts = {_shape(call.args[0]) for call in calls if _name(call.func) == "Verdict"}
    keywords = (keyword for call in calls if _name(call.func).startswith("judge") for keyword in call.keywords)
    return verdicts | {_shape(keyword.value) for keyword in keywords if keyword.arg == "scenario"}


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _shape(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(words)):
            return re.escape(words)
        case ast.JoinedStr(values=parts):
            return "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in parts)
        case _:
            raise AssertionError(f"a scenario is named in place, not by {ast.unparse(node)}")
