"""What losses are checked against, written out with numpy."""

import numpy as np
import torch

from ferlab.losses import Loss


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def batch(seed: int = 0, n: int = 9, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels; two classes have the one output of a binary task."""
    rng = np.random.default_rng(seed)
    return 2 * rng.standard_normal((n, 1 if classes == 2 else classes)), rng.integers(0, classes, n)


def value(loss: Loss, logits: np.ndarray, labels: np.ndarray) -> float:
    return float(loss(torch.tensor(logits, dtype=torch.float32), torch.tensor(labels)))


def gradient(loss: Loss, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    z = torch.tensor(logits, dtype=torch.float32, requires_grad=True)
    loss(z, torch.tensor(labels)).backward()
    assert z.grad is not None
    return z.grad.numpy()
