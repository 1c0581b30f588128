"""ROC and precision-recall points against scikit-learn's."""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from ferlab.evaluation.curves import precision_recall_points, roc_points


def scored() -> tuple[np.ndarray, np.ndarray]:
    # few distinct scores: most rows share theirs with others
    rng = np.random.default_rng(0)
    return rng.integers(0, 9, 80) / 8, rng.random(80) < 0.4


def test_roc_points_are_those_of_scikit_learn() -> None:
    scores, positive = scored()
    expected = roc_curve(positive, scores, drop_intermediate=False)
    np.testing.assert_allclose(np.stack(roc_points(scores, positive)), np.stack(expected[:2]))


def test_precision_recall_points_are_those_of_scikit_learn() -> None:
    scores, positive = scored()
    precision, recall, _ = precision_recall_curve(positive, scores)
    # scikit-learn begins at the loosest threshold and adds the point (0, 1)
    expected = np.stack([recall[-2::-1], precision[-2::-1]])
    np.testing.assert_allclose(np.stack(precision_recall_points(scores, positive)), expected)
