"""A classic model that was kept: features, steps and classifiers, rebuilt from its file, ready for raw samples."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Shaped

import ferlab
from ferlab.classic.calibrating import Calibration
from ferlab.classic.fitting import Fitted, Recipe
from ferlab.classic.inputs import Inputs, build_features, side_by_side
from ferlab.classic.model_file import read_fitted, read_values, write_model
from ferlab.classic.outputs import Output, probabilities
from ferlab.classic.preprocessing import Features
from ferlab.classic.slim import slim, whole
from ferlab.classic.trusted import check_trees
from ferlab.errors import FerlabError
from ferlab.features.feature import options_of
from ferlab.spec import TaskSpec

# where a model's features may come from
ROOMS = ("ferlab.features.", "ferlab.embedding.", "ferlab.text.")
# options of features that name a file
FILES = ("checkpoint", "weights", "model", "file")


@dataclass(frozen=True)
class ClassicModel:
    """Everything between a raw sample and its probabilities.

    Attributes:
        path: its file.
        spec: what is told apart, and what a raw sample looks like.
        rate: samples a second of sounds; None: no sounds.
        features: name -> feature, fitted where it learns.
        widths: name -> number of its values.
        outputs: the fitted classifiers.
        facts: name, data, protocol, seed, command, marks, calibration, thresholds and pipeline, as the run knew them.
        notes: what must be said of how it was read.
    """

    path: Path
    spec: TaskSpec
    rate: int | None
    features: dict[str, Any]
    widths: dict[str, int]
    outputs: tuple[Output, ...]
    facts: dict[str, Any]
    notes: tuple[str, ...]

    def rows(self, x: Shaped[np.ndarray, "sample ..."]) -> Features:
        """Return the features of raw samples, as `Samples.x` holds them, side by side; nothing is cached.

        Raises:
            FerlabError: samples that a feature cannot take.
        """
        parts = {name: feature.transform(x) for name, feature in self.features.items()}
        self.check({name: part.shape[1] for name, part in parts.items()})
        return side_by_side(list(parts.values()))

    def probabilities(self, rows: Features) -> Float64[np.ndarray, "sample classes"]:
        """Return the probabilities of features, of each class or, multilabel, of each label by itself."""
        return probabilities(self.outputs, rows)

    def check(self, widths: Mapping[str, int]) -> None:
        """Refuse features of other numbers of values than those that it was fitted on.

        Raises:
            FerlabError: some differ.
        """
        for name, width in widths.items():
            if width != self.widths[name]:
                raise FerlabError(
                    f"checkpoint: {self.path} was fitted on {self.widths[name]:,} values of {name}, found {width:,}; "
                    f"expected samples of the shape {list(self.spec.shape)}"
                )


def keep(
    path: Path,
    values: Mapping[str, Any],
    features: Mapping[str, Any],
    inputs: Inputs,
    outputs: Sequence[Output],
    limit: bool | int | float = True,
) -> None:
    """Write a fitted model.

    Args:
        path: the file, replaced if it exists.
        values: plain values: spec, rate and facts.
        features: name -> values of conf/features.
        inputs: the features, fitted.
        outputs: the fitted classifiers.
        limit: megabytes before compression; True: any number.

    Raises:
        FerlabError: it would be larger, or something was fitted that no file may hold.
    """
    from sklearn import __version__

    told = {
        one.name: {
            "values": _rooted(features[one.name]),
            "options": options_of(one.feature),
            "version": one.feature.version,
            "width": int(one.x.shape[1]),
        }
        for one in inputs.blocks
    }
    plain = {"ferlab": ferlab.__version__, "scikit_learn": __version__, **values, "features": told}
    plain["outputs"] = [_plain(one) for one in outputs]
    learnt = {one.name: dict(one.feature.learnt) for one in inputs.blocks if one.feature.learns}
    fitted = {"learnt": learnt, "outputs": [_fitted(one.fitted) for one in outputs]}
    write_model(path, plain, fitted, limit)


def load(path: Path) -> ClassicModel:
    """Rebuild a kept model.

    Raises:
        FerlabError: a file that is missing, broken, foreign or of another format; types that are not trusted; a file
            that its features want is missing or another one; features that have changed since.
    """
    values = read_values(path)
    try:
        spec, told = TaskSpec.from_dict(values["spec"]), values["features"]
        features = _features(path, told, spec.modality)
        fitted, notes = read_fitted(path)
        for name, learnt in fitted["learnt"].items():
            features[name].restore(learnt)
        pairs = zip(values["outputs"], fitted["outputs"], strict=True)
        outputs = tuple(_output(plain, parts) for plain, parts in pairs)
        widths = {name: int(one["width"]) for name, one in told.items()}
        return ClassicModel(path, spec, values["rate"], features, widths, outputs, values["facts"], tuple(notes))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FerlabError(
            f"checkpoint: {path} does not hold what ferlab {values.get('ferlab')} writes into a model "
            f"({type(error).__name__}: {error}); cure: the command in the run's report.md, which fits it again"
        ) from error


def _plain(one: Output) -> dict[str, Any]:
    fitted = one.fitted
    recipe = asdict(fitted.recipe)
    recipe["weights"] = None if recipe["weights"] is None else [float(weight) for weight in recipe["weights"]]
    sizes, calibration = list(fitted.prepared.sizes), asdict(fitted.calibration)
    return {"label": one.label, "recipe": recipe, "sizes": sizes, "calibration": calibration}


def _fitted(fitted: Fitted) -> dict[str, Any]:
    steps = [[part, slim(step)] for part, step in fitted.prepared.steps]
    return {"kept": fitted.prepared.kept, "steps": steps, "estimator": slim(fitted.estimator)}


def _output(plain: Mapping[str, Any], parts: Mapping[str, Any]) -> Output:
    values = {**plain["recipe"], "labels": tuple(plain["recipe"]["labels"])}
    recipe = Recipe(**values)
    prepared = recipe.preprocessing()
    prepared.kept, prepared.sizes = parts["kept"], tuple(plain["sizes"])
    prepared.steps = [(part, step) for part, step in parts["steps"]]
    check_trees(parts["estimator"])
    fitted = Fitted(recipe, prepared, whole(parts["estimator"]), Calibration(**plain["calibration"]))
    return Output(plain["label"], fitted, None, 0.0)


def _features(path: Path, told: Mapping[str, Any], modality: str) -> dict[str, Any]:
    for name, one in told.items():
        if strange := [target for target in _targets(one["values"]) if not target.startswith(ROOMS)]:
            raise FerlabError(f"checkpoint: {path}: refused to build {strange[0]!r} for its feature {name}")
    try:
        built = build_features({name: _located(one["values"], path.parent) for name, one in told.items()}, modality)
    except FerlabError as error:
        raise FerlabError(
            f"checkpoint: {path} cannot make its features again: {error}; the files that they were made with must "
            "lie where they lay, or beside the model"
        ) from error
    for name, feature in built.items():
        if feature.version != told[name]["version"]:
            raise FerlabError(
                f"checkpoint: {path} was fitted on version {told[name]['version']} of {name}, this ferlab has "
                f"{feature.version}, with other values; cure: the command in the run's report.md, which fits it again"
            )
        if changed := _changed(told[name]["options"], options_of(feature)):
            raise FerlabError(
                f"checkpoint: {path}: what its feature {name} is made with is not the same as when it was fitted "
                f"({', '.join(changed)}): another file of the same name?"
            )
    return built


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]


def _targets(values: Any) -> list[str]:
    if isinstance(values, dict):
        own = [str(values["_target_"])] if "_target_" in values else []
        return own + [target for value in values.values() for target in _targets(value)]
    return [target for value in values for target in _targets(value)] if isinstance(values, list) else []


def _rooted(values: Any) -> Any:
    """Return the values, files named from their root: a model is asked from other working directories too."""
    if not isinstance(values, dict):
        return values
    out = {name: _rooted(value) for name, value in values.items()}
    files = {name: out[name] for name in FILES if isinstance(out.get(name), str) and Path(out[name]).is_file()}
    return out | {name: str(Path(given).absolute()) for name, given in files.items()}


def _located(values: Any, folder: Path) -> Any:
    """Return the values, files that are gone replaced by those of the same name in a folder, where there are any."""
    if not isinstance(values, dict):
        return values
    out = {name: _located(value, folder) for name, value in values.items()}
    for name in FILES:
        given = out.get(name)
        if isinstance(given, str) and not Path(given).is_file() and (folder / Path(given).name).is_file():
            out[name] = str(folder / Path(given).name)
    return out
