"""The rows of each role that a classic classifier is fitted on, with what may not be torn apart."""

import numpy as np

from ferlab.classic.folds import Material
from ferlab.classic.inputs import Inputs
from ferlab.classic.outputs import Parts
from ferlab.classic.preprocessing import Features
from ferlab.classic.relearning import Relearning
from ferlab.data.datamodule import DataModule
from ferlab.errors import FerlabError


def check_training(data: DataModule) -> None:
    """Refuse what only training in epochs can do.

    Raises:
        FerlabError: weights that begin at a later epoch, or soft targets.
    """
    if data.samples.soft is not None:
        raise FerlabError(
            f"data set {data.samples.name}: gives its training samples soft targets (shares of votes), but a classic "
            "classifier learns from one class a sample; cure: data.votes=null, which tests on the same samples"
        )
    if data.training.start_epoch:
        raise FerlabError(
            f"rebalance.start_epoch: {data.training.start_epoch}, but a classic classifier has no epochs; "
            "cure: rebalance.start_epoch=0"
        )


def drawn(data: DataModule) -> np.ndarray:
    """Return the training rows: those of one epoch, where rebalancing draws them at random."""
    training = data.training
    if training.draw_weights is None:
        return training.indices
    p = training.draw_weights / training.draw_weights.sum()
    rng = np.random.default_rng(data.seed)
    return np.sort(rng.choice(training.indices, size=len(training.indices), p=p))


class Rows:
    """The rows of a data set's roles, their features read once for all labels.

    Args:
        data: under its protocol and rebalancing.
        inputs: its features.
    """

    def __init__(self, data: DataModule, inputs: Inputs) -> None:
        self.data = data
        self.positions = {"train": drawn(data), "val": data.assignment.indices["val"]}
        self.x: dict[str, Features] = {role: inputs.rows(at) for role, at in self.positions.items()}
        # what learns has seen no validation sample, so it holds for folds of those as it is
        learns = any(block.feature.learns for block in inputs.blocks)
        self.relearn = Relearning(inputs, data.samples.x, data.training.extra, data.shown) if learns else None

    def parts(self, label: int | None) -> Parts:
        """Return the rows of training and validation; of a multilabel set with the classes of one label."""
        return Parts(self._role("train", label), self._role("val", label))

    def _role(self, role: str, label: int | None) -> Material:
        data, at = self.data, self.positions[role]
        count = len(data.samples)
        origin = data.training.origins(count) if role == "train" else at
        if role == "train" and data.training.draw_weights is not None:
            origin = at
        y = data.samples.labels if label is None else data.samples.labels[:, label]
        own = np.zeros(len(at), dtype=bool)
        samples = np.flatnonzero(at < count)
        own[samples[np.unique(at[samples], return_index=True)[1]]] = True
        groups = self._groups()
        what = {"train": "the training part", "val": "the validation part"}[role]
        relearn = self.relearn if role == "train" else None
        groups = None if groups is None else groups[origin]
        return Material(self.x[role], y[origin], origin, own, groups, what, at, relearn)

    def _groups(self) -> np.ndarray | None:
        """Return who or what must stay whole in the inner folds, of each sample; None: nothing."""
        samples, facts = self.data.samples, self.data.assignment.facts
        name = samples.people[0] if samples.people else facts.get("group")
        if name is None:
            return None
        column = self.data.assignment.columns["copies"] if name == "copies" else samples.columns[name]
        values = np.unique(np.asarray(column).astype(str), return_inverse=True)[1]
        # where each person has one sample alone, there is nothing to keep whole
        return None if len(np.unique(values)) == len(values) else values
