"""What operators see: every process tells its metrics, and dashboard, alarms and document speak of ones that exist."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.stack import Stack, make_mail, wait_for

ROOT = Path(__file__).parents[2]
OBSERVE = ROOT / "deploy" / "observe"
CANARY = "Borborygmus"
PROCESSES = {"identity", "tickets", "routing", "gateway", "mail", "relay", "worker", "reconcile"}
DASHBOARD: dict[str, Any] = json.loads((OBSERVE / "grafana" / "duradesk.json").read_text())
(GROUP,) = yaml.safe_load((OBSERVE / "alerts.yml").read_text())["groups"]
# Told by Prometheus itself, or by the SDK only once it has happened.
ELSEWHERE = {"up", "temporal_workflow_task_execution_failed_total", "temporal_workflow_failed_total"}
_NAME = re.compile(r"\b(?:duradesk|temporal|process|python)_[a-z_]+\b")
_SUFFIX = re.compile(r"_(bucket|count|sum)$")


def targets(stack: Stack) -> dict[str, str]:
    rows = json.loads((stack.home / "run" / "prometheus.json").read_text())
    return {row["labels"]["process"]: row["targets"][0] for row in rows}


def told(stack: Stack) -> dict[str, set[str]]:
    """The names of the samples that each process tells, those of histograms by the histogram's."""
    return {
        process: {
            _SUFFIX.sub("", sample.name)
            for family in text_string_to_metric_families(stack.metrics(process))
            for sample in family.samples
        }
        for process in targets(stack)
    }


def names_in(expression: str) -> set[str]:
    """The metrics of an expression: what looks like one, but for labels and what stands in quotes."""
    bare = re.sub(r'"[^"]*"|\bby \([^)]*\)', "", expression)
    return {_SUFFIX.sub("", name) for name in _NAME.findall(bare)}


@pytest.fixture(scope="module")
def names(stack: Stack, api: httpx.Client) -> set[str]:
    """All metrics of a stack that has taken, decided and answered something."""
    stack.send_mail(make_mail(f"{CANARY}@example.com", CANARY, CANARY))
    new = {"subject": CANARY, "body": CANARY, "requester": {"email": f"{CANARY}-2@example.com", "name": CANARY}}
    ticket = api.post("/tickets", json=new).json()
    answer = {"visibility": "public", "body": CANARY}
    api.post(f"/tickets/{ticket['id']}/messages", json=answer).raise_for_status()
    wait_for(lambda: stack.replies(f"{CANARY}-2@example.com".lower()), what="the answer to go out")
    return set().union(*told(stack).values())


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return panels + [rule["expr"] for rule in GROUP["rules"]]


def test_every_process_tells_its_metrics_and_that_it_is_ready(stack: Stack, names: set[str]) -> None:
    assert targets(stack).keys() == PROCESSES
    for process, address in targets(stack).items():
        assert httpx.get(f"http://{address}/healthz", timeout=30).status_code == 200, process
        assert httpx.get(f"http://{address}/readyz", timeout=30).status_code == 200, process
    for process, known in told(stack).items():
        assert "process_cpu_seconds_total" in known, process


def test_dashboard_and_alarms_name_metrics_that_exist(names: set[str]) -> None:
    asked = set().union(*map(names_in, expressions()))
    assert len(asked) > 20
    assert asked - names - ELSEWHERE == set()


def test_the_document_explains_the_metrics_that_exist_and_no_others(names: set[str]) -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    explained = set(re.findall(r"`(duradesk_[a-z_]+)", text))
    assert explained == {name for name in names if name.startswith("duradesk_")}


def test_alarms_say_what_is_the_matter_and_for_whom() -> None:
    assert len({rule["alert"] for rule in GROUP["rules"]}) == len(GROUP["rules"])
    for rule in GROUP["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert (ROOT / rule["annotations"]["table"]).exists()
        assert rule["annotations"]["summary"]


def test_panels_of_the_dashboard_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_metrics_have_no_word_of_anybody_and_few_series(stack: Stack, api: httpx.Client, names: set[str]) -> None:
    api.get(f"/tickets/{uuid4()}", params={"q": CANARY})
    httpx.request("PROPFIND", f"{stack.url}/{CANARY}", timeout=20)
    for process in PROCESSES:
        text = stack.metrics(process)
        assert CANARY.lower() not in text.lower(), process
        assert "@" not in text, process
        assert len(text.splitlines()) < 10_000, process


def test_status_lists_where_metrics_are_and_what_waits(stack: Stack, names: set[str]) -> None:
    status = stack.run("duradesk", "status")
    for process, address in targets(stack).items():
        assert re.search(rf"^{process} .* {address}$", status, re.MULTILINE), status
    assert re.search(r"^outbox_tickets +\d+$", status, re.MULTILINE)
    assert re.search(r"^quarantined_items kept +\d+$", status, re.MULTILINE)
