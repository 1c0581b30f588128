"""A training step through ferlab, and through a bare PyTorch loop on the same parts."""

import tempfile
from pathlib import Path

import pytorch_lightning as pl
import torch
from cases import Case
from stopwatch import WARM, now, timed_fit

from ferlab import precision
from ferlab.allocator import keep_freed_memory
from ferlab.build import build
from ferlab.run import load_data, make_task
from ferlab.trainer import make_trainer


def ferlab(case: Case, images: int, steps: int, arithmetic: str = "auto", device: str = "cpu") -> float:
    """Return milliseconds a step as `python -m ferlab.train` takes it: its task, trainer, callbacks and logger."""
    keep_freed_memory()
    pl.seed_everything(0, verbose=False)
    config = case.config(arithmetic, images, device)
    data = load_data(config)
    with tempfile.TemporaryDirectory() as folder:
        trainer, _ = make_trainer(config, Path(folder))
        return timed_fit(trainer, make_task(config, data), steps, datamodule=data)


def bare(case: Case, images: int, steps: int, device: str = "cpu") -> float:
    """Return milliseconds a step of the shortest loop that trains the same thing."""
    keep_freed_memory()
    torch.manual_seed(0)
    config = case.config("auto", images)
    data = load_data(config)
    preprocess = build(config["model"]["preprocess"], data.spec.shape).to(device)
    augment = build(config["augment"]).to(device)
    net = build(config["model"]["net"], preprocess.output_shape, data.spec.outputs)
    net.to(device, memory_format=torch.channels_last).train()
    criterion = build(config["loss"], data.spec.kind).to(device)
    # torch's own, as a bare loop has it; ferlab's leaves out a search for a GPU driver at every step
    optimizer = build({**config["optimizer"], "_target_": "torch.optim.Adam"})(net.parameters())
    half = precision.choose("auto", device)[0] == precision.BF16
    pixels, labels = data.samples.x, data.samples.labels
    order = data.training.indices[torch.randperm(len(data.training.indices)).numpy()]
    begun = 0.0
    for step in range(WARM + steps):
        if step == WARM:
            begun = now()
        chosen = order[step * case.batch : (step + 1) * case.batch]
        x = torch.from_numpy(pixels[chosen]).permute(0, 3, 1, 2).to(device)
        y = torch.from_numpy(labels[chosen]).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=half):
            loss = criterion(net(preprocess(augment(x))), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return 1000 * (now() - begun) / steps
