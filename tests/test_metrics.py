import numpy as np
import pytest
import torch
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
    top_k_accuracy_score,
)

from ferlab.metrics import collection
from ferlab.spec import TaskSpec


def spec(classes: int) -> TaskSpec:
    return TaskSpec("binary" if classes == 2 else "multiclass", tuple("abcdefgh"[:classes]), "image", (48, 48, 1))


def batch(classes: int, n: int = 200) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(classes)
    labels = torch.randint(classes, (n,), generator=generator)
    logits = torch.randn(n, classes, generator=generator)
    logits[torch.arange(n), labels] += 1
    return logits.softmax(1), labels


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_values_are_those_of_scikit_learn(classes):
    p, y = batch(classes)
    metrics = collection(spec(classes))
    for part in range(0, len(y), 64):
        metrics.update(p[part : part + 64], y[part : part + 64])
    found = {name: float(value) for name, value in metrics.compute().items()}
    pred = p.argmax(1).numpy()
    expected = {
        "accuracy": accuracy_score(y, pred),
        "precision_macro": precision_score(y, pred, average="macro"),
        "recall_macro": recall_score(y, pred, average="macro"),
        "f1_macro": f1_score(y, pred, average="macro"),
        "auroc_macro": np.mean([roc_auc_score(y == c, p[:, c]) for c in range(classes)]),
    } | {f"top{k}": top_k_accuracy_score(y, p, k=k) for k in range(2, classes)}
    assert found == pytest.approx(expected, abs=1e-5)


def test_auroc_leaves_out_a_class_that_is_absent():
    p, y = batch(3)
    y[y == 2] = 0
    metrics = collection(spec(3))
    metrics.update(p, y)
    expected = np.mean([roc_auc_score(y == c, p[:, c]) for c in (0, 1)])
    assert float(metrics.compute()["auroc_macro"]) == pytest.approx(expected, abs=1e-5)


def test_auroc_ties_count_half_and_a_lone_class_has_none():
    metrics = collection(spec(2))
    metrics.update(torch.full((4, 2), 0.5), torch.tensor([0, 1, 1, 0]))
    assert float(metrics.compute()["auroc_macro"]) == 0.5
    metrics.reset()
    metrics.update(torch.full((4, 2), 0.5), torch.zeros(4, dtype=torch.long))
    assert metrics.compute()["auroc_macro"].isnan()


def test_multilabel_values_are_means_over_the_labels_of_scikit_learns():
    generator = torch.Generator().manual_seed(5)
    y = torch.randint(2, (200, 3), generator=generator)
    p = (torch.randn(200, 3, generator=generator) + y * torch.tensor([0.0, 0.5, 2.0])).sigmoid()
    metrics = collection(TaskSpec("multilabel", ("a", "b", "c"), "text", ()))
    for part in range(0, len(y), 64):
        metrics.update(p[part : part + 64], y[part : part + 64])
    found = {name: float(value) for name, value in metrics.compute().items()}
    said = (p >= 0.5).long()
    assert found == pytest.approx(
        {
            "accuracy": np.mean([accuracy_score(y[:, i], said[:, i]) for i in range(3)]),
            "precision_macro": precision_score(y, said, average="macro"),
            "recall_macro": np.mean([balanced_accuracy_score(y[:, i], said[:, i]) for i in range(3)]),
            "f1_macro": f1_score(y, said, average="macro"),
            "auroc_macro": roc_auc_score(y, p, average="macro"),
        },
        abs=1e-5,
    )


def test_a_label_that_all_samples_have_leaves_its_balanced_accuracy_to_that_side():
    metrics = collection(TaskSpec("multilabel", ("a", "b"), "text", ()))
    y = torch.tensor([[1, 0], [1, 1], [1, 0], [1, 1]])
    metrics.update(torch.tensor([[0.9, 0.9], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]), y)
    found = metrics.compute()
    assert float(found["recall_macro"]) == pytest.approx((0.75 + 0.75) / 2)
    assert float(found["auroc_macro"]) == pytest.approx(0.75)
