"""TF-IDF against scikit-learn's own, and what it may learn from."""

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.feature_extraction.text import TfidfVectorizer

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.features.extract import extract
from ferlab.features.tfidf import Tfidf
from ferlab.text.cleaning import Cleaning

TRAIN = np.array(
    ["I am so happy today", "so happy, so very happy!", "today I feel sad", "sad and very tired today", "not happy"],
    dtype=object,
)
TEST = np.array(["happy and unseen today", "zzz qqq", ""], dtype=object)


def fitted(**options):
    feature = Tfidf(**options)
    feature.fit(TRAIN)
    return feature


def test_words_are_scikit_learns():
    own = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit(list(TRAIN))
    feature = fitted(characters=None)
    assert feature.names() == [f"word {gram}" for gram in own.get_feature_names_out()]
    found = feature.transform(TEST)
    assert issparse(found) and found.format == "csr" and found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), own.transform(TEST).toarray(), rtol=1e-5)


def test_words_and_characters_stand_side_by_side_each_of_unit_length():
    feature = fitted(words=[1, 1], characters=[2, 3])
    rows, names = feature.transform(TRAIN).toarray(), feature.names()
    assert rows.shape == (5, len(names))
    split = sum(name.startswith("word ") for name in names)
    assert 0 < split < len(names) and all(name.startswith("character ") for name in names[split:])
    for part in (rows[:, :split], rows[:, split:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-5)


def test_what_only_test_texts_hold_is_unknown():
    feature = fitted(min_df=1)
    assert not any("unseen" in name or "zz" in name for name in feature.names())
    rows = feature.transform(TEST).toarray()
    assert rows[0].any() and not rows[1:].any()


def test_chunks_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("FERLAB_CACHE", str(tmp_path))
    monkeypatch.setattr(Tfidf, "chunk", 2, raising=False)
    feature = fitted()
    rows = extract(feature, TRAIN, "texts")
    assert rows.format == "csr"
    np.testing.assert_array_equal(rows.toarray(), feature.transform(TRAIN).toarray())
    assert not (tmp_path / "features").exists()  # it learns: its rows belong to one training part alone


def test_cleaning_comes_first():
    feature = fitted(words=[1, 1], characters=None, min_df=1, cleaning=Cleaning())
    plain_words = fitted(words=[1, 1], characters=None, min_df=1)
    assert set(feature.names()) != set(plain_words.names())
    assert feature.options != plain_words.options


def test_the_yaml_is_the_default():
    values = plain(compose("baseline", ["data=essays", "features=tfidf"]))["features"]["tfidf"]
    feature = build(values)
    assert feature.options == Tfidf().options and feature.learns and feature.modality == "text"


def test_before_fit_and_without_ngrams_there_is_one_clear_message():
    with pytest.raises(FerlabError, match=r"features.tfidf: not fitted yet"):
        Tfidf().transform(TEST)
    with pytest.raises(FerlabError, match="not fitted yet"):
        Tfidf().names()
    with pytest.raises(FerlabError, match=r"of 5 training texts no word n-gram is left.*cure: a smaller min_df"):
        fitted(min_df=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": None, "characters": None}, "expected words or characters"),
        ({"words": [2, 1]}, "words: expected shortest and longest"),
        ({"characters": [0, 2]}, "characters: expected"),
        ({"words": [1, 2, 3]}, "words"),
        ({"min_df": 0}, "min_df: expected a number from 1, or a share"),
        ({"max_df": 1.5}, "max_df"),
        ({"stop_words": "german"}, "stop_words: expected english or null"),
        ({"max_features": 0}, "max_features"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(FerlabError, match=f"features.tfidf.*{message}"):
        Tfidf(**({"words": [1, 2]} | options))
