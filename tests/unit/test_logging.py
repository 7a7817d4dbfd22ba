"""Logs: one line each, ours and the libraries', without the words of exceptions."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.common.logging import configure_logging
from services.common.settings import Settings


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**before)


def fail() -> None:
    try:
        raise KeyError("canary of a customer")
    except KeyError as error:
        raise RuntimeError("canary of another") from error


def test_our_lines_and_the_libraries_are_of_one_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json"), "tickets")
    with structlog.contextvars.bound_contextvars(request_id="17"):
        structlog.get_logger().info("ticket.created", number=3)
        logging.getLogger("library").warning("Pool %s is full", "a")
        structlog.get_logger().debug("never.shown")
    captured = capsys.readouterr()
    ours, theirs = (json.loads(line) for line in captured.err.splitlines())
    assert captured.out == ""
    assert ours.pop("timestamp").endswith("Z")
    assert ours == {"event": "ticket.created", "level": "info", "number": 3, "request_id": "17", "service": "tickets"}
    assert (theirs["event"], theirs["level"], theirs["service"]) == ("Pool a is full", "warning", "tickets")
    assert theirs["request_id"] == "17"


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
def test_a_traceback_tells_kind_and_place_and_its_words_at_debug_only(
    capsys: pytest.CaptureFixture[str], log_format: str, level: str, told: bool
) -> None:
    configure_logging(Settings.model_validate({"log_format": log_format, "log_level": level}), "tickets")
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            fail()
        except RuntimeError:
            logger.exception("call.failed")
        text = capsys.readouterr().err
        assert "call.failed" in text
        assert text.index("KeyError") < text.index("RuntimeError")
        assert "in fail" in text
        # The source line quotes the literal, so only the words at the end of the traceback count.
        assert ("RuntimeError: canary" in text) is told
