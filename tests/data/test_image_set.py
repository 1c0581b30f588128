"""What every image data set shares: YAML and class agree, and two processes read an archive once."""

import inspect
import multiprocessing as mp
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from fakes import fer2013 as fake
from fakes.zips import write_zip
from ferlab.data import fer2013
from ferlab.data.affectnet import AffectNet
from ferlab.data.fer2013 import Fer2013
from ferlab.data.image_folder import ImageFolder

CONF = Path(__file__).parents[2] / "conf" / "data"
SHARED = {"root", "classes", "size", "grey", "kind", "on_bad"}


@pytest.mark.parametrize(
    ("name", "made"), [("fer2013", Fer2013), ("affectnet", AffectNet), ("image_folder", ImageFolder)]
)
def test_yaml_has_the_options_and_defaults_of_the_class(name: str, made: type) -> None:
    text = (CONF / f"{name}.yaml").read_text()
    options = yaml.safe_load(text)
    assert options.pop("_target_") == f"ferlab.data.{name}.{made.__name__}"
    assert options == {n: p.default for n, p in inspect.signature(made).parameters.items()}
    assert set(options) >= SHARED
    # a comment above every option
    lines = text.splitlines()
    assert all(lines[n - 1].startswith("# ") for n, line in enumerate(lines) if n and not line.startswith("#"))


def _load(root: str, cache: str, barrier: Any, reads: Any, sums: Any) -> None:
    os.environ["FERLAB_CACHE"] = cache
    real = fer2013._read_tree

    def counted(*arguments: Any) -> Any:
        with reads.get_lock():
            reads.value += 1
        return real(*arguments)

    fer2013._read_tree = counted
    barrier.wait()
    samples = Fer2013(root, check_counts=False).load()
    sums.put((len(samples), int(samples.x.sum())))


# a newer Python warns of forking beside the threads that other tests' libraries keep
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_two_processes_read_an_archive_once(tmp_path: Path, own_cache: Path) -> None:
    made = fake.faces(3)
    path = write_zip(tmp_path / "fer2013.zip", fake.tree(made))
    context = mp.get_context("fork")
    barrier, reads, sums = context.Barrier(2), context.Value("i", 0), context.Queue()
    arguments = (str(path), str(own_cache), barrier, reads, sums)
    workers = [context.Process(target=_load, args=arguments) for _ in range(2)]
    for worker in workers:
        worker.start()
    expected = (len(made), sum(int(face.image.sum()) for face in made))
    assert [sums.get(timeout=60) for _ in workers] == [expected] * 2
    for worker in workers:
        worker.join()
    assert reads.value == 1
    assert not list(own_cache.rglob(".*"))
