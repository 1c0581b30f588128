"""The task: what a step computes, what is logged, and that it learns."""

import pytest
import torch

from ferlab.data.datamodule import DataModule
from ferlab.run import load_data
from ferlab.transforms.cutmix import CutMix
from ferlab.transforms.mixup import Mixup
from test_checkpoint import task
from toy import config


def batch(data: DataModule) -> dict[str, torch.Tensor]:
    return next(iter(data.train_dataloader()))


def test_batches_hold_whole_images_in_channels_last_order() -> None:
    data = load_data(config())
    one = batch(data)
    assert one["x"].dtype == torch.uint8 and one["x"].shape == (32, 1, 24, 24)
    assert one["x"].permute(0, 2, 3, 1).is_contiguous()
    index = one["index"].numpy()
    assert (data.samples.x[index] == one["x"].permute(0, 2, 3, 1).numpy()).all()
    assert (data.samples.labels[index] == one["y"].numpy()).all()


def test_an_epoch_shows_each_training_sample_once_in_another_order_each_time() -> None:
    data = load_data(config("batch_size=40"))
    epochs = []
    for epoch in range(2):
        batches = data.train_dataloader()
        batches.sampler.set_epoch(epoch)
        epochs.append(torch.cat([b["index"] for b in batches]))
    expected = torch.tensor(data.assignment.indices["train"])
    assert all(torch.equal(epoch.sort().values, expected) for epoch in epochs)
    assert not torch.equal(*epochs)


def test_validation_and_test_batches_are_whole_and_in_order() -> None:
    data = load_data(config("eval_batch_size=20", "rebalance=undersample", "rebalance.ceiling=3"))
    for role in ("val", "test"):
        index = torch.cat([b["index"] for b in data.batches(role)])
        assert index.tolist() == data.assignment.indices[role].tolist()
    assert len(data.training.indices) == 21


def test_a_last_single_sample_joins_the_batch_before() -> None:
    data = load_data(config("batch_size=19"))  # 96 = 5 * 19 + 1
    assert [len(b["y"]) for b in data.train_dataloader()] == [19, 19, 19, 19, 20]


def test_the_loss_of_a_step_is_that_of_the_raw_batch() -> None:
    data = load_data(config("augment=none"))
    mine = task(labels=list(data.spec.labels)).eval()
    mine.augment = None
    one = batch(data)
    expected = torch.nn.functional.cross_entropy(mine(one["x"]), one["y"])
    torch.testing.assert_close(mine.training_step(one, 0), expected)


def test_soft_targets_take_the_labels_place_in_the_training_loss_alone() -> None:
    data = load_data(config("augment=none"))
    mine = task(labels=list(data.spec.labels)).eval()
    mine.augment = None
    one = batch(data)
    soft = torch.rand(len(one["y"]), len(data.spec.labels)).softmax(1)
    expected = torch.nn.functional.cross_entropy(mine(one["x"]), soft)
    torch.testing.assert_close(mine.training_step({**one, "soft": soft}, 0), expected)
    assert torch.equal(mine.steps[-1].labels, one["y"])


@pytest.mark.parametrize("mixing", [Mixup(alpha=1.0), CutMix(p=1.0)], ids=["mixup", "cutmix"])
def test_mixing_blends_soft_targets_as_it_blends_labels(mixing: torch.nn.Module) -> None:
    data = load_data(config("augment=none"))
    mine = task(labels=list(data.spec.labels)).eval()
    mine.augment = mixing
    one, losses = batch(data), []
    sure = torch.nn.functional.one_hot(one["y"], len(data.spec.labels)).float()
    for more in ({}, {"soft": sure}):
        torch.manual_seed(3)
        losses.append(mine.training_step({**one, **more}, 0))
    torch.testing.assert_close(*losses)


def test_a_few_steps_learn_a_batch_by_heart() -> None:
    data = load_data(config("augment=none"))
    mine = task(labels=list(data.spec.labels)).train()
    mine.augment = None
    one, optimizer = batch(data), torch.optim.Adam(mine.parameters(), lr=1e-3)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = mine.training_step(one, 0)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 < losses[0]


def test_augmentation_belongs_to_training_alone() -> None:
    mine = task().eval()
    x = torch.randint(0, 256, (4, 1, 24, 24), dtype=torch.uint8)
    first = mine(x)
    torch.manual_seed(1)
    torch.testing.assert_close(mine(x), first, rtol=0, atol=0)
    assert mine.augment is not None
    with pytest.raises(AssertionError):
        torch.testing.assert_close(mine.augment(x), mine.augment(x))
