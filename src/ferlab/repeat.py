"""Predicting a run's rows again from its checkpoint."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from ferlab import precision
from ferlab.checkpoint import calibration, load
from ferlab.errors import FerlabError
from ferlab.evaluation.looking.explaining import check_options
from ferlab.evaluation.selective import WISHES, check_wishes
from ferlab.finish import finish
from ferlab.run import chosen, load_data
from ferlab.trainer import quiet
from ferlab.transforms.modality import check_views


def evaluate(
    run: str,
    checkpoint: str = "best",
    device: str = "cpu",
    figures: bool = True,
    explain: dict[str, Any] | None = None,
    tta: dict[str, Any] | None = None,
    wished_errors: Sequence[float | int] | None = None,
    projections: bool = False,
) -> dict[str, Any]:
    """Predict a run's validation and test rows again from its checkpoint, and measure and draw them.

    The files go into the run folder where it has no metrics.json (training was killed), else into its folder
    `evaluation-<checkpoint>`, and the two metrics.json are compared; test-time augmentation only where it is the run's.

    Args:
        run: a run folder.
        checkpoint: "best" or "last".
        device: where the model runs.
        figures: draw them again.
        explain: what to explain and how, as in conf/evaluate.yaml.
        tta: values of conf/tta; empty: none; None: as the run had it.
        wished_errors: error rates whose thresholds the best checkpoint is to keep; None: as the run had them, and a
            checkpoint that keeps a calibration stays as it is.
        projections: with the figures, PCA and t-SNE of test images and of the model's features.

    Raises:
        FerlabError: not a run folder, or a checkpoint that cannot be read.
    """
    folder = Path(run)
    if not (folder / "config.yaml").is_file():
        raise FerlabError(f"evaluate: {folder} is no run folder (no config.yaml); expected what ferlab.train wrote")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    before = folder / "metrics.json"
    stored = json.loads(before.read_text()) if before.is_file() else None
    if "classifier" in config:
        _refuse_for_networks(folder, checkpoint, device, explain or {}, tta, projections)
        return _classic(folder, config, stored, figures, wished_errors)
    path = folder / "checkpoints" / f"{checkpoint}.ckpt"
    task = load(path)
    check_wishes(wished_errors or ())
    quiet()
    data = load_data(config)
    check_options(explain or {}, task.net, task.preprocess, data.spec.labels)
    if list(task.spec.labels) != list(data.spec.labels):
        raise FerlabError(f"evaluate: {path} knows {list(task.spec.labels)}, the data have {list(data.spec.labels)}")
    data.encode(task.preprocess)
    target = folder if stored is None else folder / f"evaluation-{checkpoint}"
    training = _read_json(folder / "training.json")
    training |= chosen(path, config["monitor"])
    training.setdefault(
        "precision", precision.choose(config["trainer"]["precision"], config["trainer"]["accelerator"])[0]
    )
    own = config.get("tta") or {}
    tta = own if tta is None else tta
    wished = list(config.get("wished_errors") or WISHES)
    wishes = wished if wished_errors is None else list(wished_errors)
    check_views(tta, data.spec.modality)
    config = {**config, "figures": figures, "explain": explain or {}, "tta": tta, "wished_errors": wishes}
    config |= {"projections": projections}
    keep = checkpoint == "best" and (wished_errors is not None or calibration(task) is None)
    curves, best = folder / "metrics.csv", path if keep else None
    result = finish(target, config, task, data, training, device=device, curves=curves, best=best)
    if stored is not None and checkpoint == "best":
        _compare(stored, target, {"tta": tta != own, "calibration": wishes != wished})
    return result


def _refuse_for_networks(
    folder: Path, checkpoint: str, device: str, explain: dict[str, Any], tta: dict[str, Any] | None, projections: bool
) -> None:
    """Refuse what only a network can be asked."""
    asked = {
        "checkpoint": checkpoint != "best",
        "device": device != "cpu",
        "tta": bool(tta),
        "projections": projections,
        "explain.methods": explain.get("methods") not in (None, ["gradcam"]),
        **{f"explain.{name}": bool(explain.get(name)) for name in ("layer", "target", "checks", "patch", "stride")},
    }
    if found := [name for name, wanted in asked.items() if wanted]:
        raise FerlabError(
            f"evaluate: {', '.join(found)}: for networks alone, and {folder} is a run of ferlab.baseline; cure: leave "
            "it out; figures and wished_errors are for both"
        )


def _classic(
    folder: Path,
    config: dict[str, Any],
    stored: dict[str, Any] | None,
    figures: bool,
    wished_errors: Sequence[float | int] | None,
) -> dict[str, Any]:
    """Predict a classic run's rows again from its kept model, and compare."""
    from ferlab.classic.again import predict_again

    check_wishes(wished_errors or ())
    wished = list(config.get("wished_errors") or WISHES)
    wishes = wished if wished_errors is None else list(wished_errors)
    target = folder if stored is None else folder / "evaluation-model"
    config = {**config, "figures": figures, "wished_errors": wishes}
    result = predict_again(folder, target, config, _read_json(folder / "training.json"), wished_errors)
    if stored is not None:
        _compare(stored, target, {"calibration": wishes != wished})
    return result


def _compare(stored: dict[str, Any], target: Path, asked: dict[str, bool]) -> None:
    """Print whether a run's figures came out the same; what was asked for otherwise is left aside."""
    first = {key: value for key, value in stored.items() if not asked.get(key)}
    same = _found_again(first, json.loads((target / "metrics.json").read_text()))
    word = "reproduced exactly" if same else "NOT reproduced"
    print(f"metrics.json of the run is {word}: {target / 'metrics.json'}")
    if not same:
        print("(another processor, device, thread count or library version rounds differently)")


def _found_again(first: Any, again: Any) -> bool:
    """Tell whether all that was measured first came out the same; what only a later version measures may be new."""
    if isinstance(first, dict) and isinstance(again, dict):
        return all(key in again and _found_again(value, again[key]) for key, value in first.items())
    return bool(first == again)


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.is_file() else {}
