"""Shows the judge's lines, whatever pytest captures."""

import pytest

from tests.faults.judge import VERDICTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if VERDICTS:
        terminalreporter.section("what the judge says")
        for verdict in VERDICTS:
            terminalreporter.write_line(str(verdict))
