"""The progress bar: on a terminal only, after a while only, and never in the way."""

from typing import Any

import pytest
from rich.progress import Progress

from ferlab import progress
from ferlab.progress import watched


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(Progress, "start", lambda self: calls.append("start"))
    monkeypatch.setattr(Progress, "stop", lambda self: calls.append("stop"))
    return calls


@pytest.mark.parametrize(
    ("terminal", "delay", "expected"),
    [(False, -1.0, []), (True, 60.0, ["stop"]), (True, -1.0, ["start", "stop"])],
)
def test_shows_only_where_it_helps(
    monkeypatch: pytest.MonkeyPatch, started: list[str], terminal: bool, delay: float, expected: list[str]
) -> None:
    real = progress.Console
    monkeypatch.setattr(progress, "Console", lambda stderr: real(stderr=stderr, force_terminal=terminal))
    assert list(watched(range(200), 200, "reading", delay)) == list(range(200))
    assert started == expected


def test_stops_when_its_reader_does(monkeypatch: pytest.MonkeyPatch, started: list[str]) -> None:
    real = progress.Console
    monkeypatch.setattr(progress, "Console", lambda stderr: real(stderr=stderr, force_terminal=True))
    steps: Any = watched(range(9), None, "reading", -1.0)
    next(steps), next(steps)
    steps.close()
    assert started == ["start", "stop"]
