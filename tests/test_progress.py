"""The progress bar: on a terminal only, after a while only, and never in the way."""

import io
from typing import Any

import pytest
from rich.progress import Progress

from ferlab import progress
from ferlab.progress import Bar, watched


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


@pytest.mark.parametrize("terminal", [False, True])
def test_a_bar_of_steps_shows_the_share_done_the_best_and_lines_above_it(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    shown = io.StringIO()
    real = progress.Console
    monkeypatch.setattr(
        progress, "Console", lambda stderr: real(file=shown, force_terminal=terminal, width=120, stderr=False)
    )
    with Bar() as bar:
        bar.begin("knn, search", 40)
        bar.step(), bar.step(9)
        bar.say("best accuracy 0.5200: n_neighbors=3")
        assert bar._shown is None or (bar._shown.refresh() is None)
        bar.begin("knn, fit on 90 rows")
        bar.reach(2, 3)
    text = shown.getvalue()
    assert ("10/40" in text and "best accuracy 0.5200: n_neighbors=3" in text and "2/3" in text) == terminal
    assert bool(text) == terminal
    # whoever is handed none shows nothing, and does not mind
    silent = Bar()
    silent.begin("x"), silent.step(), silent.reach(1, 2), silent.say("y")
    assert shown.getvalue() == text
