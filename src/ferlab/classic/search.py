"""The search for a classifier's options: grid, random draws or successive halving, scored by inner cross-validation."""

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ferlab.classic.candidates import Candidate, candidates_of, grid_of, words
from ferlab.classic.edges import edges
from ferlab.classic.fitting import Recipe
from ferlab.classic.folds import Material, inner_folds
from ferlab.classic.scoring import Scored, Step, Tell, score
from ferlab.errors import FerlabError
from ferlab.progress import Bar

log = logging.getLogger(__name__)
KINDS = ("none", "grid", "random", "halving")
METRICS = ("accuracy", "recall_macro", "f1_macro")
ROWS = ("train", "val")
# options of one kind alone
_OWN = {"random": ("candidates",), "halving": ("candidates", "factor", "min_samples")}
Scorer = Callable[[Recipe, Sequence[Candidate], Material, Sequence[Any], str, Tell, Step], None]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        scored: every finished candidate, in the order of the search; in halving one a round.
        winner: the best of the last round.
        planned: how many evaluations there were to be.
        seconds: that the search took.
        interrupted: whether Ctrl-C ended it.
        edges: of which options the winner's value is the last that was tried, in words.
    """

    scored: tuple[Scored, ...]
    winner: Scored
    planned: int
    seconds: float
    interrupted: bool = False
    edges: tuple[str, ...] = ()


def check_search(search: Mapping[str, Any]) -> None:
    """Refuse options that no search knows.

    Raises:
        FerlabError: the first of them.
    """
    if search["kind"] not in KINDS:
        raise FerlabError(f"search.kind: expected one of {', '.join(KINDS)}, found {search['kind']!r}")
    if search["kind"] == "none":
        return
    wanted = {"grid", "metric", "folds", "rows", "share", *_OWN.get(search["kind"], ())}
    if missing := sorted(wanted - set(search)):
        raise FerlabError(
            f"search.kind={search['kind']}: its options are missing ({', '.join(missing)}); "
            f"cure: search={search['kind']}"
        )
    for name, known in (("metric", METRICS), ("rows", ROWS)):
        if search[name] not in known:
            raise FerlabError(f"search.{name}: expected one of {', '.join(known)}, found {search[name]!r}")
    share = search["share"]
    if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share <= 1:
        raise FerlabError(f"search.share: expected a share above 0, 1 at most, found {share!r}")
    if search["kind"] == "halving":
        for name, least in (("factor", 2), ("min_samples", 1)):
            if not isinstance(search[name], int) or isinstance(search[name], bool) or search[name] < least:
                raise FerlabError(f"search.{name}: expected a whole number, {least} or more, found {search[name]!r}")


def run_search(
    search: Mapping[str, Any],
    recipe: Recipe,
    material: Material,
    labels: tuple[str, ...],
    keep: Callable[[Sequence[Scored]], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    scorer: Scorer = score,
    bar: Bar | None = None,
    what: str = "search",
) -> Found:
    """Search for the best candidate.

    Args:
        search: values of conf/search, but not of kind none.
        recipe: what is searched.
        material: rows to fit and score on.
        labels: class names.
        keep: told of the finished candidates after each, to write them down.
        say: told a line a candidate.
        scorer: tells the scores of candidates.
        bar: shows the folds done of all candidates, and the best of them.
        what: what the bar says is done.

    Raises:
        FerlabError: no candidate, folds that cannot be, or candidates that cannot be fitted.
        KeyboardInterrupt: interrupted before any candidate was finished.
    """
    candidates = _by_steps(candidates_of(search, recipe))
    folds = inner_folds(material, search["folds"], recipe.seed, labels)
    rounds = _rounds(search, len(candidates), material, search["folds"])
    planned, begun = sum(count for count, _ in rounds), time.monotonic()
    scored: list[Scored] = []
    interrupted, bar = False, bar or Bar()
    bar.begin(what, planned * len(folds))
    try:
        for number, (count, rows) in enumerate(rounds, 1):
            if number > 1:
                last = [one for one in scored if one.round == number - 1]
                best = sorted(range(len(last)), key=lambda k: -last[k].mean)[:count]
                candidates = _by_steps([last[k].candidate for k in best])
            part, own = (material, folds) if rows is None else _fewer(material, rows, search["folds"], recipe, labels)

            def tell(one: Scored, number: int = number) -> None:
                scored.append(replace(one, round=number))
                keep(scored)
                say(_line(scored, planned, search, time.monotonic() - begun))
                bar.say(_best(scored, search["metric"]))

            scorer(recipe, candidates, part, own, search["metric"], tell, bar.step)
    except KeyboardInterrupt:
        if not scored:
            raise
        interrupted = True
        log.warning("interrupted: %d of %d candidates are scored; the best of them is fitted", len(scored), planned)
    winner = _winner(scored, [count for count, _ in rounds])
    ends = edges(grid_of(search, recipe), scored, winner, material.x.shape[1])
    for end in ends:
        say(end)
    return Found(tuple(scored), winner, planned, time.monotonic() - begun, interrupted, tuple(ends))


def _winner(scored: Sequence[Scored], counts: Sequence[int]) -> Scored:
    """Return the best of the last round that was finished; of the first one where none was."""
    whole = [n for n, count in enumerate(counts, 1) if sum(one.round == n for one in scored) == count]
    winner = max((one for one in scored if one.round == max(whole, default=1)), key=lambda one: one.mean)
    if winner.failed is not None:
        raise FerlabError(f"search: none of {len(scored)} candidates could be fitted; {winner.failed}")
    return winner


def _by_steps(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sort so that candidates of the same scaling and reduction follow each other."""
    return sorted(candidates, key=lambda one: repr([(name, value) for name, value in one.items() if "." in name]))


def _rounds(search: Mapping[str, Any], count: int, material: Material, folds: int) -> list[tuple[int, int | None]]:
    """Return of each round how many candidates it scores, and on how many samples; None: on all."""
    if search["kind"] != "halving":
        return [(count, None)]
    first = np.unique(material.origin, return_index=True)[1]
    samples, factor = len(first), search["factor"]
    rounds: list[tuple[int, int | None]] = []
    # the rarest class has to stand in every fold of the first draw, one to spare for what rounding takes
    rarest = np.unique(material.y[first], return_counts=True)[1].min()
    rows = max(search["min_samples"], math.ceil((folds + 1) * samples / rarest))
    while count > factor and rows < samples:
        rounds.append((count, rows))
        count, rows = max(1, round(count / factor)), rows * factor
    return [*rounds, (count, None)]


def _fewer(material: Material, rows: int, folds: int, recipe: Recipe, labels: tuple[str, ...]) -> tuple[Material, Any]:
    """Return a draw of about `rows` samples, by class and people whole, and its folds."""
    part = draw_share(material, rows / len(np.unique(material.origin)), recipe.seed)
    return part, inner_folds(part, folds, recipe.seed, labels)


def draw_share(material: Material, share: float | int, seed: int) -> Material:
    """Return a share of the samples: of every class alike, or about that in whole groups, with all their rows."""
    from ferlab.data.splitting import held_out

    if share >= 1:
        return material
    samples, first = np.unique(material.origin, return_index=True)
    groups = None if material.groups is None else material.groups[first]
    rng = np.random.default_rng(seed)
    chosen = held_out(np.arange(len(samples)), material.y[first], share, rng, f"{share:g} of {material.what}", groups)
    return material.take(np.flatnonzero(np.isin(material.origin, samples[chosen])))


def _line(scored: Sequence[Scored], planned: int, search: Mapping[str, Any], spent: float) -> str:
    one = scored[-1]
    best = all(one.mean > other.mean for other in scored[:-1] if other.round == one.round)
    left = spent / len(scored) * (planned - len(scored))
    where = f" on {one.samples:,} samples" if search["kind"] == "halving" else ""
    if one.failed is not None:
        return f"candidate {len(scored)}/{planned}  {words(one.candidate)}{where}  failed: {one.failed}"
    return (
        f"candidate {len(scored)}/{planned}  {words(one.candidate)}{where}  {search['metric']} {one.mean:.4f} "
        f"(sd {one.sd:.4f}){' *best' if best else ''}  {_clock(spent)}, about {_clock(left)} left"
    )


def _best(scored: Sequence[Scored], metric: str) -> str:
    """Return the best candidate of the last round in a few words, nothing where none could be fitted."""
    best = max((one for one in scored if one.round == scored[-1].round), key=lambda one: one.mean)
    return "" if best.failed is not None else f"best {metric} {best.mean:.4f}: {words(best.candidate)}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
