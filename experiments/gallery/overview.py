"""The README's picture: drawn faces, where a trained network looks, and what it takes for what."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import yaml

from ferlab.checkpoint import load
from ferlab.evaluation.figures.explanations import overlay
from ferlab.evaluation.rows import read_rows
from ferlab.explain.gradcam import gradcam
from ferlab.run import load_data

RUN = Path(sys.argv[1])
OUT = Path(__file__).with_name("overview.png")

data = load_data(yaml.safe_load((RUN / "config.yaml").read_text()))
task, rows, samples = load(RUN / "checkpoints" / "best.ckpt"), read_rows(RUN / "predictions.parquet"), data.samples
test, indices = rows.split("test"), data.assignment.indices["test"]
# of each class the test face nearest to its median confidence: neither the easiest nor the hardest
shown = []
for label in range(len(rows.names)):
    own = np.flatnonzero(test.labels == label)
    p = test.probabilities[own, label]
    shown.append(own[np.abs(p - np.median(p)).argmin()])
images, masks = samples.x[indices[shown]], samples.masks[indices[shown]]
x = torch.from_numpy(np.array(images)).permute(0, 3, 1, 2)
heat = gradcam(task.net, task.preprocess(x), target=torch.from_numpy(test.labels[shown])).numpy()

figure = plt.figure(figsize=(13, 3.9), dpi=110)
grid = figure.add_gridspec(2, 7, left=0.01, right=0.66, top=0.80, bottom=0.07, wspace=0.05, hspace=0.05)
for column, position in enumerate(shown):
    for row in range(2):
        axis = figure.add_subplot(grid[row, column])
        axis.imshow(overlay(images[column], heat[column]) if row else images[column], cmap="gray", vmin=0, vmax=255)
        if row:
            axis.contour(masks[column], [0.5], colors="cyan", linewidths=0.7)
        axis.set_axis_off()
        if not row:
            axis.set_title(rows.names[test.labels[position]], fontsize=10)
figure.text(0.01, 0.93, "Drawn faces, and what the network looks at", fontsize=13, weight="bold")
figure.text(
    0.01, 0.012, "below: Grad-CAM of the true class; outline: what causes the label. SYNTHETIC DATA", fontsize=8
)

names, n = rows.names, len(test)
confusion = np.zeros((len(names), len(names)))
np.add.at(confusion, (test.labels, test.preds), 1)
rates = 100 * confusion / confusion.sum(1, keepdims=True)
axis = figure.add_axes((0.74, 0.17, 0.25, 0.66))
axis.imshow(rates, cmap="Blues", vmin=0, vmax=100, aspect="auto")
for i, j in np.ndindex(rates.shape):
    axis.text(j, i, f"{rates[i, j]:.0f}", ha="center", va="center", fontsize=8, color="w" if rates[i, j] > 55 else "k")
axis.set_xticks(range(len(names)), names, rotation=35, ha="right", fontsize=8)
axis.set_yticks(range(len(names)), names, fontsize=8)
axis.tick_params(length=0)
figure.text(0.70, 0.93, "What it takes for what", fontsize=13, weight="bold")
figure.text(0.70, 0.012, f"% of the true class, n = {n:,} test faces", fontsize=8)
figure.savefig(OUT, metadata={"Software": None})
print(OUT)
