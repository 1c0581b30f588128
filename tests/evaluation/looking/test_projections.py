import numpy as np
import pytest
import timm
import torch
from scipy.stats import special_ortho_group
from sklearn.decomposition import PCA
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from ferlab.build import build
from ferlab.errors import FerlabError
from ferlab.evaluation.figures.style import Caption
from ferlab.evaluation.intervals import wilson
from ferlab.evaluation.looking.draw import Pictures
from ferlab.evaluation.looking.features import features
from ferlab.evaluation.looking.projected import draw_projections
from ferlab.evaluation.looking.projections import nearest_accuracy, project, standardise, subset
from ferlab.evaluation.looking.scatter import projection_sheet
from ferlab.models.cnn10 import Cnn10
from ferlab.models.mlp import Mlp

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(3), 30)


def clusters(apart):
    centres = np.eye(3, 12) * apart
    turn = special_ortho_group.rvs(12, random_state=0)
    return (centres[LABELS] + np.random.default_rng(1).normal(size=(90, 12))) @ turn


def test_components_are_those_of_a_full_decomposition():
    x = clusters(6)
    found = project(x, LABELS)
    exact = PCA(svd_solver="full").fit(StandardScaler().fit_transform(x))
    assert found.explained == pytest.approx(exact.explained_variance_ratio_[:2], rel=1e-4)
    theirs = exact.transform(StandardScaler().fit_transform(x))[:, :2]
    assert np.abs(found.pca) == pytest.approx(np.abs(theirs), abs=1e-2)
    assert found.dimensions == 12 and found.perplexity == pytest.approx(89 / 3)


def test_the_same_values_give_the_same_points():
    x = clusters(3)
    one, two = project(x, LABELS), project(x, LABELS)
    assert np.array_equal(one.tsne, two.tsne) and np.array_equal(one.pca, two.pca)


def test_neighbours_vote_as_scikit_learn_lets_them():
    x = standardise(clusters(2))
    theirs = cross_val_predict(KNeighborsClassifier(10, algorithm="brute"), x, LABELS, cv=LeaveOneOut())
    right = int((theirs == LABELS).sum())
    found = nearest_accuracy(x, LABELS)
    assert (found["value"], found["n"], found["k"]) == (pytest.approx(right / 90, abs=1e-6), 90, 10)
    assert (found["low"], found["high"]) == pytest.approx(wilson(right, 90), abs=1e-6)


def test_the_number_tells_classes_that_lie_apart_from_those_that_do_not():
    assert project(clusters(30), LABELS).knn["value"] == 1.0
    assert project(clusters(0), LABELS).knn["high"] < 0.6


@pytest.mark.parametrize("shape", [(10, 1), (12, 2), (11, 400)])
def test_few_samples_and_dimensions_are_no_hindrance(shape):
    values = RNG.normal(size=shape)
    found = project(values, np.arange(len(values)) % 2)
    assert found.pca.shape == found.tsne.shape == (len(values), 2) and np.isfinite(found.tsne).all()


def test_constant_values_and_constant_dimensions():
    x = clusters(3)
    flat = np.concatenate([x, np.ones((90, 5))], axis=1)
    assert project(flat, LABELS).dimensions == 12
    dead = project(np.ones((20, 4)), np.arange(20) % 2)
    assert dead.dimensions == 0 and dead.knn["value"] <= 0.5 and not dead.tsne.any()


@pytest.mark.parametrize(("values", "message"), [(np.zeros((9, 3)), "10 samples"), (np.full((12, 3), np.nan), "NaN")])
def test_what_cannot_be_projected(values, message):
    with pytest.raises(FerlabError, match=message):
        project(values, np.arange(len(values)) % 2)


def test_a_subset_is_drawn_once_and_in_order():
    chosen = subset(5000)
    assert len(chosen) == len(set(chosen)) == 2000 and (np.diff(chosen) > 0).all()
    assert np.array_equal(chosen, subset(5000)) and np.array_equal(subset(7), np.arange(7))
    assert chosen.max() > 4900


IMAGES = RNG.integers(0, 256, (7, 24, 24, 3), dtype=np.uint8)


def scale(x):
    return x.float() / 255


@pytest.mark.parametrize(
    ("net", "width", "head"),
    [
        (Cnn10((3, 24, 24), 4, filters=4, units=9), 9, lambda net: net.head),
        (Mlp((3, 24, 24), 1, units=[6]), 6, lambda net: net.head),
        (timm.create_model("vit_tiny_patch16_224", img_size=24, patch_size=8, num_classes=4), 192, lambda n: n.head),
        (timm.create_model("resnet18", num_classes=4), 512, lambda net: net.fc),
    ],
    ids=["cnn10", "mlp", "vit", "resnet18"],
)
def test_features_are_what_the_last_dense_layer_takes(net, width, head):
    net.train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = features(net, scale, IMAGES, batch_size=3)
    assert found.shape == (7, width) and net.training
    net.eval()
    with torch.no_grad():
        logits = net(scale(torch.from_numpy(IMAGES).permute(0, 3, 1, 2)))
        again = head(net)(torch.from_numpy(found))
    assert torch.allclose(again, logits, atol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not [m for m in net.modules() if m._forward_pre_hooks]


def test_a_net_without_a_dense_layer_is_refused():
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with pytest.raises(FerlabError, match="no dense layer"):
        features(net, scale, IMAGES)


def test_the_sheet_states_what_was_drawn():
    one = project(clusters(3), LABELS)
    figure = projection_sheet({"raw images": one, "features": one}, LABELS, ["a", "b", "c"], 500, Caption("d", "m", 1))
    words = " ".join(text.get_text() for text in figure.texts)
    words += " ".join(axes.get_title(loc="left") + axes.get_xlabel() for axes in figure.axes)
    assert "90 of 500 test images, drawn at random" in words and "10 nearest neighbours" in words
    assert f"component 1 ({100 * one.explained[0]:.1f} % of the variance)" in words and len(figure.axes) == 4


def test_a_run_gets_its_picture_and_its_numbers(tmp_path):
    net, n = Cnn10((1, 24, 24), 3, filters=4, units=9), 40
    images = RNG.integers(0, 256, (60, 24, 24, 1), dtype=np.uint8)
    pictures = Pictures(
        x=images,
        labels=np.arange(60) % 3,
        train=np.arange(20),
        test=np.arange(20, 60),
        preprocess=build({"_target_": "ferlab.transforms.image.Preprocess"}, (24, 24, 1)),
        net=net,
    )
    metrics = {"model": "cnn10", "seed": 0, "protocol": {}, "data": {"name": "d", "labels": ["a", "b", "c"]}}
    path, numbers = draw_projections(tmp_path, metrics, pictures, most=30)
    assert path == tmp_path / "projections.png" and path.stat().st_size > 10_000
    assert set(numbers) == {"raw images", "features"} and numbers["features"]["dimensions"] <= 9
    assert numbers["raw images"]["knn"]["n"] == 30 < n
    few = Pictures(**{**vars(pictures), "test": np.arange(9)})
    assert draw_projections(tmp_path, metrics, few) is None
