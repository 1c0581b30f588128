"""Every experiment that chooses features composes for ferlab.baseline, and names what it stands beside."""

import pytest

from ferlab.classic.candidates import candidates_of
from ferlab.classic.fitting import Recipe
from ferlab.classic.search import check_search
from ferlab.config import compose, conf_dir, plain

FOLDER = conf_dir() / "experiment"
EXPERIMENTS = sorted(
    str(path.relative_to(FOLDER).with_suffix(""))
    for path in FOLDER.rglob("*.yaml")
    if "override /features:" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_composes_and_its_search_has_candidates(name: str) -> None:
    # what a file must be given (a checkpoint, a model's file) is named on the command line
    config = compose("baseline", [f"experiment={name}"])
    values = {key: plain(config[key]) for key in ("scaling", "reduction", "classifier", "search", "document")}
    check_search(values["search"])
    recipe = Recipe(values["scaling"], values["reduction"], values["classifier"], ("a", "b"))
    if values["search"]["kind"] != "none":
        assert len(candidates_of(values["search"], recipe)) > 1
    document = values["document"]
    assert document is None or document["row"].startswith(name[:2].upper())
