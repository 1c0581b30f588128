"""KernelSvc and its search against scikit-learn's SVC and GridSearchCV on document D4's rows; README.md says how.

FERLAB_DATA=<folder> python experiments/throughput/svm.py [--rows 4000] [--full]
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.svm import SVC
from table import Row, markdown, write

from ferlab.classic.svm.grid import search_svm
from ferlab.classic.svm.kernel_svc import KernelSvc
from ferlab.data.affectnet import AffectNet
from ferlab.data.samples import Samples
from ferlab.features.extract import extract
from ferlab.features.hog import Hog

HERE = Path(__file__).parent
# D4's balanced training set, and its grid
TRAINING = 15_823
GRID = {"kernel": ["linear", "rbf"], "C": [0.01, 0.1, 1, 10], "gamma": [0.001, 0.01, 0.1, "scale"]}
FIT, SEARCH, WHOLE = "D4's raw-pixel SVM", "D4's grid search on HOG", "D4's HOG experiment"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000, help="training rows of the raw-pixel comparison (4000)")
    parser.add_argument("--asked", type=int, default=500, help="rows that both predict (500)")
    parser.add_argument("--grid-rows", type=int, help="rows of the grid search (a fifth of validation: 1,082)")
    parser.add_argument("--training", type=int, default=TRAINING, help=f"rows that ferlab is given alone ({TRAINING})")
    parser.add_argument("--full", action="store_true", help="plain SVC on all HOG rows too: half an hour")
    parser.add_argument("--only", nargs="+", choices=["raw", "search", "whole"], default=["raw", "search", "whole"])
    parser.add_argument("--out", type=Path, default=HERE, help="folder of results.md and results.csv (this one)")
    options = parser.parse_args()
    data = AffectNet().load()
    rng = np.random.default_rng(0)
    train = np.sort(rng.permutation(np.flatnonzero(data.splits == "train"))[: options.training])
    few = np.sort(rng.permutation(train)[: options.rows])
    rows: list[Row] = []
    if "raw" in options.only:
        rows += raw(data, few, train, options.asked)
    if "search" in options.only or "whole" in options.only:
        fifth = tuned(data, options.grid_rows)
        if "search" in options.only:
            rows += search(extract(Hog(), data.x[fifth], "HOG"), data.labels[fifth])
        if "whole" in options.only:
            rows += whole(extract(Hog(), data.x, "HOG"), data, train, fifth, options.full)
    options.out.mkdir(parents=True, exist_ok=True)
    real = "synthetic" if not os.environ.get("FERLAB_DATA") else "AffectNet's YOLO copy"
    write(rows, 1, real, options.out)
    print(markdown(rows, 1, real))
    print(f"peak memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


def tuned(data: Samples, count: int | None) -> np.ndarray:
    """Return D4's fifth of the validation rows, or fewer."""
    rows = np.flatnonzero(data.splits == "valid")
    _, rows = train_test_split(rows, test_size=0.2, stratify=data.labels[rows], random_state=42)
    return np.sort(rows if count is None else np.random.default_rng(0).permutation(rows)[:count])


def pixels(data: Samples, rows: np.ndarray) -> np.ndarray:
    """Return D4's raw features, 0 to 1, (row, 27,648)."""
    return (data.x[rows].reshape(len(rows), -1) / np.float32(255)).astype(np.float32)


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = run()
    return time.perf_counter() - begun, result


def compare(
    section: str, case: str, theirs: tuple[float, Any], mine: tuple[float, Any], bound: float | None
) -> list[Row]:
    """Return ferlab's seconds and scikit-learn's, which are to be at least `bound` times as long, where asked."""
    ours = Row(section, case, "ferlab", "s", [mine[0]])
    return [ours, Row(section, case, "scikit-learn", "s", [theirs[0]], against=ours, compare="times", bound=bound)]


def raw(data: Samples, few: np.ndarray, train: np.ndarray, asked: int) -> list[Row]:
    """Fit both on some rows, ferlab alone on all."""
    options = {"kernel": "linear", "C": 0.1}
    case = f"{len(few):,} rows of 27,648, linear, C .1"
    some = np.flatnonzero(data.splits == "test")[:asked]
    x, y, held = pixels(data, few), data.labels[few], pixels(data, some)
    mine = seconds(lambda: KernelSvc(**options).fit(x, y))
    theirs = seconds(lambda: SVC(**options).fit(x, y))
    rows = compare(FIT, f"fit, {case}", theirs, mine, 5)
    said, expected = seconds(lambda: mine[1].predict(held)), seconds(lambda: theirs[1].predict(held))
    rows += compare(FIT, f"prediction of {len(some)}", expected, said, None)
    agree(mine[1], theirs[1], said[1], expected[1], data.labels[some])
    del theirs
    x = pixels(data, train)
    rows.append(
        Row(
            FIT,
            f"fit, {len(train):,} rows",
            "ferlab",
            "s",
            [seconds(lambda: KernelSvc(**options).fit(x, data.labels[train]))[0]],
        )
    )
    return rows


def search(x: np.ndarray, y: np.ndarray) -> list[Row]:
    """Run D4's grid search both ways, scikit-learn's on all cores as D4 has it."""
    folds = list(StratifiedKFold(5).split(x, y))
    mine = seconds(lambda: search_svm(x, y, GRID, folds))
    theirs = seconds(lambda: GridSearchCV(SVC(), GRID, cv=folds, n_jobs=-1, refit=False).fit(x, y))
    scores = np.stack([theirs[1].cv_results_[f"split{fold}_test_score"] for fold in range(5)], axis=1)
    print(
        f"search: scores differ by {np.abs(scores - mine[1].scores).max():.4f} at most, "
        f"in {(scores != mine[1].scores).sum()} of {scores.size}; best {mine[1].candidates[mine[1].best]}, "
        f"scikit-learn's {theirs[1].best_params_}"
    )
    return compare(SEARCH, f"{len(y):,} rows of {x.shape[1]:,}, 32 candidates, 5 folds", theirs, mine, 8)


def whole(hog: np.ndarray, data: Samples, train: np.ndarray, fifth: np.ndarray, full: bool) -> list[Row]:
    """Search, fit and predict as D4; with `full` also its winner by scikit-learn."""
    y = data.labels
    folds = list(StratifiedKFold(5).split(fifth, y[fifth]))
    asked = [np.flatnonzero(data.splits == split) for split in ("test", "valid")]

    def run() -> tuple[dict[str, Any], KernelSvc, list[np.ndarray]]:
        found = search_svm(hog[fifth], y[fifth], GRID, folds)
        model = KernelSvc(**found.candidates[found.best]).fit(hog[train], y[train])
        return found.candidates[found.best], model, [model.predict(hog[rows]) for rows in asked]

    mine = seconds(run)
    best, model, said = mine[1]
    print(f"whole: {best}, accuracy on the test rows {(said[0] == y[asked[0]]).mean():.4f}")
    case = f"search, fit on {len(train):,} x {hog.shape[1]:,}, prediction of {sum(map(len, asked)):,}"
    rows = [Row(WHOLE, case, "ferlab", "s", [mine[0]], bound=480)]
    if full:
        again = seconds(lambda: KernelSvc(**best).fit(hog[train], y[train]).predict(hog[asked[0]]))
        plain = SVC(**best)
        theirs = seconds(lambda: plain.fit(hog[train], y[train]).predict(hog[asked[0]]))
        agree(model, plain, again[1], theirs[1], y[asked[0]])
        rows += compare(WHOLE, f"fit and prediction of {len(asked[0]):,} alone, {best}", theirs, again, 5)
    return rows


def agree(ours: KernelSvc, plain: SVC, said: np.ndarray, expected: np.ndarray, y: np.ndarray) -> None:
    """Tell how far the two models are the same."""
    differing = len(set(ours.support_.tolist()) ^ set(plain.support_.tolist()))
    print(
        f"{differing} of {len(plain.support_)} support vectors differ, {(said != expected).sum()} of {len(y)} "
        f"predictions; accuracy {(said == y).mean():.4f} and {(expected == y).mean():.4f}"
    )


if __name__ == "__main__":
    main()
