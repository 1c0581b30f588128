"""Several processes train as one: same samples, same weights, same figures; what cannot work is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from ferlab.data.batches import InOrder, Shuffled
from ferlab.data.sampling import Extra, Rebalanced
from ferlab.errors import FerlabError
from toy import config, train

# 97 samples: the last of the batches of 32 is a single one, which joins the one before, and the shares are uneven
RECIPE = [
    *("data.n_train=97", "data.n_val=33", "data.n_test=20", "data.size=24", "batch_size=32"),
    *(
        "model=cnn10",
        "model.net.dropout_1=0.0",
        "model.net.dropout_2=0.0",
        "augment=none",
        "optimizer=sgd",
        "optimizer.lr=0.1",
    ),
    *("trainer.max_epochs=2", "trainer.precision=64-true", "figures=false"),
]
REBALANCED = {
    "all alike": Rebalanced(np.arange(50)),
    "drawn": Rebalanced(np.arange(50), draw_weights=np.linspace(0.1, 1, 50)),
    "drawn later": Rebalanced(np.arange(50), draw_weights=np.linspace(0.1, 1, 50), start_epoch=2),
    "repeated": Rebalanced(np.arange(53) % 40),
}


def launch(folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferlab.train", *overrides, f"hydra.run.dir={folder}"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("training", REBALANCED.values(), ids=REBALANCED)
@pytest.mark.parametrize("world", [1, 2, 3])
def test_an_epoch_over_all_processes_is_that_of_one(training: Rebalanced, world: int) -> None:
    ranks = [Shuffled(training, 12, seed=3, rank=rank, world=world) for rank in range(world)]
    seen = []
    for epoch in (1, 2):
        for rank in ranks:
            rank.set_epoch(epoch)
        steps = list(zip(*ranks, strict=True))
        assert len(steps) == len(ranks[0])
        for step in steps:
            sizes = np.array([len(draw.positions) for draw in step])
            assert sizes.min() >= 2 and np.ptp(sizes) <= 1
            assert [draw.weight for draw in step] == pytest.approx(sizes / sizes.mean())
        together = np.concatenate([draw.positions for step in steps for draw in step])
        assert sorted(together) == sorted(ranks[0].order())
        if training.draw_weights is None or epoch < training.start_epoch:
            assert sorted(together) == sorted(training.indices)
        seen.append(list(together))
    assert seen[0] != seen[1]


def test_the_order_is_the_seeds_alone() -> None:
    training = Rebalanced(np.arange(40))
    first, again, other = Shuffled(training, 8, 0), Shuffled(training, 8, 0), Shuffled(training, 8, 1)
    torch.manual_seed(9)
    assert list(first.order()) == list(again.order()) != list(other.order())


def test_validation_is_shared_without_loss_or_repetition() -> None:
    parts = [InOrder(np.arange(10, 21), 4, rank, 2) for rank in range(2)]
    assert [len(draw.positions) for draw in parts[0]] == [2, 2, 2] and len(parts[1]) == 3
    assert sorted(n for part in parts for draw in part for n in draw.positions) == list(range(10, 21))


def test_made_images_are_read_where_their_positions_say() -> None:
    from ferlab.data.batches import ByIndex, Draw
    from ferlab.data.synthetic.faces import SyntheticFaces

    samples = SyntheticFaces(n_train=20, n_val=4, n_test=4, size=24).load()
    made = np.full((2, *samples.x.shape[1:]), 7, dtype=np.uint8)
    batch = ByIndex(samples, Extra(made, np.array([3, 5])))[Draw(np.array([4, len(samples) + 1, 0]))]
    assert batch["index"].tolist() == [4, 5, 0]
    assert batch["y"].tolist() == samples.labels[[4, 5, 0]].tolist()
    assert (batch["x"][1] == 7).all() and np.array_equal(batch["x"][0, 0], samples.x[4, :, :, 0])


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path: Path) -> None:
    alone = train(tmp_path / "one", *RECIPE)
    done = launch(tmp_path / "two", *RECIPE, "trainer=ddp_cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    # told by the first process alone, and nothing but that
    assert done.stdout.count("SYNTHETIC data") == done.stdout.count("epoch 1/2") == 1
    assert "Warning" not in done.stderr
    both = json.loads((tmp_path / "two" / "metrics.json").read_text())
    weights = [
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in ("one", "two")
    ]
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=1e-6, msg=lambda m, n=name: f"{n}: {m}")
    curves = [(tmp_path / run / "metrics.csv").read_text().splitlines() for run in ("one", "two")]
    assert curves[0][0] == curves[1][0] and len(curves[0]) == len(curves[1])
    for mine, theirs in zip(curves[0][1:], curves[1][1:], strict=True):
        numbers = [[float(cell) if cell else -1.0 for cell in line.split(",")] for line in (mine, theirs)]
        assert numbers[0] == pytest.approx(numbers[1], abs=1e-4)
    for split in ("val", "test"):
        for name, value in alone[split].items():
            if isinstance(value, dict) and "value" in value:
                assert both[split][name]["value"] == pytest.approx(value["value"], abs=1e-4), name
    assert json.loads((tmp_path / "two" / "training.json").read_text())["processes"] == 2


def test_a_sweep_over_several_processes_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ferlab.train", "-m", "seed=0,1", "trainer=ddp_cpu", f"hydra.sweep.dir={tmp_path}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "trainer.devices=2" in done.stderr and "cure" in done.stderr


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["trainer=ddp_cpu", "trainer.devices=4096"], "4096 processes asked for"),
        (["trainer=multi_node", "trainer.accelerator=cpu"], "torchrun"),
        (["trainer=ddp_cpu", "batch_size=3"], "batch_size"),
    ],
)
def test_what_cannot_work_is_refused(
    overrides: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_ADDR", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    if said == "batch_size":
        with pytest.raises(FerlabError, match=said):
            Shuffled(Rebalanced(np.arange(50)), 3, seed=0, world=2)
        return
    with pytest.raises(FerlabError, match=said):
        train(tmp_path / "run", *overrides)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("trainer", ["gpu", "ddp"])
def test_a_gpu_that_is_not_there(trainer: str, tmp_path: Path) -> None:
    with pytest.raises(FerlabError, match="torch finds no GPU on this machine"):
        train(tmp_path / "run", f"trainer={trainer}")


def test_every_trainer_composes() -> None:
    for name in ("cpu", "gpu", "ddp", "ddp_cpu", "multi_node"):
        trainer = config(f"trainer={name}")["trainer"]
        assert trainer["use_distributed_sampler"] is False
        assert trainer["sync_batchnorm"] is (name in ("ddp", "ddp_cpu", "multi_node"))
