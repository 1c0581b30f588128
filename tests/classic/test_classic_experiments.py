"""The documents' classic rows: each YAML composes, names its row, and its parts can be built."""

import pytest

from ferlab.build import build
from ferlab.classic.candidates import candidates_of
from ferlab.classic.fitting import Recipe
from ferlab.config import compose, conf_dir, plain
from ferlab.errors import FerlabError

ROOT = conf_dir() / "experiment"
CLASSIC = sorted(
    str(path.relative_to(ROOT).with_suffix(""))
    for path in ROOT.rglob("*.yaml")
    if "override /classifier" in path.read_text()
)
NEEDS = {"d4/svm_landmarks": r"Dlib wants a local model file.*features.landmarks.provider.model=<path>"}
REPORTED = {"d4/svm_raw": 0.3641, "d4/svm_hog": 0.5071, "d4/svm_embedding": 0.433}


def composed(name):
    return plain(compose("baseline", [f"experiment={name}"]))


def test_the_documents_rows_are_there():
    d2 = ("logistic_regression", "knn", "svm", "kernel_svm", "naive_bayes", "decision_tree", "random_forest")
    expected = [f"d4/svm_{name}" for name in ("raw", "hog", "embedding", "landmarks")]
    expected += [f"d1/handcrafted_{name}" for name in ("svm", "rf", "knn")]
    expected += [f"d2/classic_{name}" for name in (*d2, "essays_lr", "essays_svm", "speech")]
    assert set(expected) <= set(CLASSIC)


@pytest.mark.parametrize("name", CLASSIC)
def test_it_composes_names_its_row_and_builds(name):
    values, text = composed(name), (ROOT / f"{name}.yaml").read_text()
    document = values["document"]
    assert text.startswith("# @package _global_\n# document D") and document["caveat"] and document["data"]
    assert document["row"].startswith(name[:2].upper())
    assert document["reported"] == REPORTED.get(name)
    for feature in values["features"].values():
        if name in NEEDS:
            with pytest.raises(FerlabError, match=NEEDS[name]):
                build(feature)
        else:
            build(feature)
    build(values["protocol"])
    build(values["rebalance"])
    recipe = Recipe(values["scaling"], values["reduction"], values["classifier"], ("a", "b"), None, 0)
    recipe.preprocessing()
    build({key: value for key, value in values["classifier"].items() if key not in ("name", "grid", "class_weight")})
    if values["search"]["kind"] != "none":
        assert len(candidates_of(values["search"], recipe)) > 1


def test_d4_searches_its_grid_on_a_fifth_of_validation():
    for name in ("raw", "hog", "embedding", "landmarks"):
        values = composed(f"d4/svm_{name}")
        search = values["search"]
        assert (search["rows"], search["share"], search["folds"], search["kind"]) == ("val", 0.2, 5, "grid")
        assert values["classifier"]["grid"] == {
            "kernel": ["linear", "rbf"],
            "C": [0.01, 0.1, 1, 10],
            "gamma": [0.001, 0.01, 0.1, "scale"],
        }
        assert values["rebalance"]["margin"] == 750 and list(values["features"]) == [name]
