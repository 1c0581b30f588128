"""Word vectors: the same from the same texts, read from every form of file, and clear where a file is wrong."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ferlab.errors import FerlabError
from ferlab.text.vector_files import read_vectors
from ferlab.text.word2vec import Word2Vec, coverage, vectors

pytestmark = pytest.mark.usefixtures("own_cache")
WORDS = [f"w{i}" for i in range(12)]


def texts(seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [[f"w{i}" for i in rng.integers(0, 12, 40)] for _ in range(20)]


CODE = """
import sys, zlib
sys.path.insert(0, {folder!r})
from test_word2vec import WORDS, texts
from ferlab.text.word2vec import Word2Vec, vectors
print(zlib.crc32(vectors(texts(), WORDS, Word2Vec(epochs=1), 8)[0].tobytes()))
"""


@pytest.mark.slow
def test_vectors_are_the_same_in_every_process(tmp_path: Path) -> None:
    seen = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "FERLAB_CACHE": str(tmp_path / seed)}
        code = CODE.format(folder=str(Path(__file__).parent))
        seen.add(subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True).stdout)
    assert len(seen) == 1


def test_vectors_are_those_of_these_texts_and_options() -> None:
    first, known, facts = vectors(texts(), [*WORDS, "never"], Word2Vec(epochs=1), 8)
    assert first.shape == (13, 8) and known.tolist() == [True] * 12 + [False]
    assert not first[12].any() and np.abs(first[:12]).max() > 0
    assert facts == {"source": "train", "file": None, "size": 12, "texts": 20}
    np.testing.assert_array_equal(vectors(texts(), [*WORDS, "never"], Word2Vec(epochs=1), 8)[0], first)
    assert not np.array_equal(vectors(texts(1), [*WORDS, "never"], Word2Vec(epochs=1), 8)[0], first)
    assert not np.array_equal(vectors(texts(), [*WORDS, "never"], Word2Vec(epochs=1, seed=1), 8)[0], first)


def test_coverage_counts_tokens() -> None:
    found = coverage([["a", "a", "b"], ["c"]], ["a", "b"], np.array([True, False]))
    assert found == {"tokens": 4, "in_vocabulary": 0.75, "with_vector": 0.5}
    assert coverage([[]], ["a"], np.array([True]))["in_vocabulary"] is None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from gensim.models import KeyedVectors

    folder = tmp_path_factory.mktemp("vectors")
    keyed = KeyedVectors(8)
    keyed.add_vectors(WORDS, np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32))
    keyed.save(str(folder / "a.kv"))
    keyed.save(str(folder / "apart.kv"), separately=["vectors"])
    for name in ("a.txt", "a.txt.gz", "a.bin"):
        keyed.save_word2vec_format(str(folder / name), binary=name.endswith(".bin"))
    keyed.save_word2vec_format(str(folder / "glove.txt"), write_header=False)
    np.save(folder / "expected.npy", keyed.vectors)
    return folder


@pytest.mark.parametrize("name", ["a.kv", "apart.kv", "a.txt", "a.txt.gz", "a.bin", "glove.txt"])
def test_every_form_gives_the_same_vectors(files: Path, name: str) -> None:
    wanted = {"w3": 0, "never": 1, "w0": 2}
    found = read_vectors(files / name, wanted, 8)
    expected = np.load(files / "expected.npy")
    np.testing.assert_allclose(found.vectors, np.stack([expected[3], np.zeros(8), expected[0]]), rtol=1e-6)
    assert found.known.tolist() == [True, False, True] and found.size == 12


def test_wrong_files_are_named(files: Path, tmp_path: Path) -> None:
    def fails(name: str, message: str, content: bytes | None = None, features: int = 8) -> None:
        path = (files if content is None else tmp_path) / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FerlabError, match=message):
            read_vectors(path, {"w0": 0}, features)

    fails("nowhere.kv", r"no file .*nowhere\.kv; expected train, random or a local file")
    fails("a.kv", r"vectors of 8 numbers, the network's words have 300; cure: model\.net\.features=8", features=300)
    fails("a.txt", "vectors of 8 numbers", features=300)
    fails("a.bin", "vectors of 8 numbers", features=300)
    fails("cut.bin", "it ends within word", (files / "a.bin").read_bytes()[:200])
    fails("cut.txt", r"line [0-9]: expected a word and 8 numbers", (files / "a.txt").read_bytes()[:200])
    fails("short.txt", "promises 12 words, 11 are there", (files / "a.txt").read_bytes().rstrip().rpartition(b"\n")[0])
    fails("empty.txt", "neither two counts nor a word and numbers", b"")
    fails("noise.bin", "cannot be read as word vectors", np.random.default_rng(0).bytes(4000))
    fails("nan.txt", "neither two counts|finite", b"w0" + b" nan" * 8)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    class Bad:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "made"),)

    (tmp_path / "bad.kv").write_bytes(pickle.dumps(Bad()))
    with pytest.raises(FerlabError, match="it names"):
        read_vectors(tmp_path / "bad.kv", {"w0": 0}, 8)
    assert not (tmp_path / "made").exists()


def test_options_without_meaning() -> None:
    with pytest.raises(FerlabError, match=r"word2vec\.window: expected 1 or more, found 0"):
        Word2Vec(window=0)
    with pytest.raises(FerlabError, match=r"word2vec\.epochs: expected a whole number, found 1\.5"):
        Word2Vec(epochs=1.5)
