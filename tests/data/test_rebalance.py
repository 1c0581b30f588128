"""Whatever the rebalancing, validation and test samples stay as they are and training sees training samples alone."""

import numpy as np
import pytest
import torch

from ferlab.config import conf_dir
from ferlab.data.datamodule import DataModule
from ferlab.run import load_data
from toy import config

NAMES = sorted(path.stem for path in (conf_dir() / "rebalance").glob("*.yaml"))
SMALL = {"undersample": ["rebalance.ceiling=5"], "d1": ["rebalance.copies=2", "rebalance.from_images=3"]}


def load(name: str) -> DataModule:
    return load_data(config("protocol=holdout", f"rebalance={name}", *SMALL.get(name, [])))


def held_out(data: DataModule, role: str) -> dict[str, torch.Tensor]:
    batches = list(data.batches(role))
    return {key: torch.cat([batch[key] for batch in batches]) for key in ("x", "y", "index")}


@pytest.mark.parametrize("name", NAMES)
def test_it_never_touches_validation_and_test_samples(name: str) -> None:
    data, plain = load(name), load("none")
    roles = plain.assignment.indices
    for role in ("val", "test"):
        mine, theirs = held_out(data, role), held_out(plain, role)
        assert all(torch.equal(mine[key], theirs[key]) for key in mine)
    assert set(data.training.origins(len(data.samples))) <= set(roles["train"])
    if data.training.extra is not None:
        assert set(data.training.extra.origin) <= set(roles["train"])
    for epoch in (0, data.training.start_epoch):
        loader = data.train_dataloader()
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        assert set(torch.cat([batch["index"] for batch in loader]).tolist()) <= set(roles["train"].tolist())


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_of_other_roles_do_not_decide_it(name: str) -> None:
    """With other labels and images outside of training, it comes out the same."""
    data = load(name)
    train = data.assignment.indices["train"]
    other = np.setdiff1d(np.arange(len(data.samples)), train)
    x, labels = np.array(data.samples.x), data.samples.labels.copy()
    x[other], labels[other] = 0, 0
    object.__setattr__(data.samples, "x", x)
    object.__setattr__(data.samples, "labels", labels)
    again = data.rebalance(data.samples, train, data.seed)
    assert np.array_equal(again.indices, data.training.indices)
    assert again.class_weights == data.training.class_weights
    if data.training.draw_weights is not None:
        np.testing.assert_array_equal(again.draw_weights, data.training.draw_weights)  # type: ignore[arg-type]
    if data.training.extra is not None:
        np.testing.assert_array_equal(again.extra.x, data.training.extra.x)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NAMES)
def test_an_epoch_shows_as_many_of_each_class_as_the_report_says(name: str) -> None:
    data = load(name)
    loader = data.train_dataloader()
    drawn = np.zeros(len(data.spec.labels))
    epochs = 60 if data.training.draw_weights is not None else 1
    for epoch in range(data.training.start_epoch, data.training.start_epoch + epochs):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        drawn += np.bincount(np.concatenate([batch["y"].numpy() for batch in loader]), minlength=len(drawn))
    expected = data.facts["class_counts"]["train after rebalancing"]
    np.testing.assert_allclose(drawn / epochs, expected, rtol=0 if epochs == 1 else 0.15)
