"""The embedded texts: the same everywhere, all label patterns alike, English to look at, traits in the words' rates."""

import hashlib
import re

import numpy as np
import pytest

from ferlab.data.synthetic.essay_words import KINDS, WORDS
from ferlab.data.synthetic.essays import SyntheticEssays
from ferlab.errors import FerlabError


def test_samples() -> None:
    samples = SyntheticEssays(n=64).load()
    assert samples.synthetic and "synthetic" in samples.notes[0]
    assert samples.spec.kind == "multilabel" and samples.spec.labels == ("EXT", "NEU", "AGR", "CON", "OPN")
    assert samples.x.dtype == object and len(set(samples.x)) == len(set(samples.ids)) == 64
    assert samples.people == ("author",) and set(samples.splits) == {"all"}
    assert samples.columns["words"].tolist() == [len(text.split()) for text in samples.x]
    assert np.bincount(samples.strata).tolist() == [2] * 32
    assert SyntheticEssays(n=10, classes=["OPN"]).load().spec.labels == ("not OPN", "OPN")


def test_the_same_on_every_machine() -> None:
    text = "\n".join(SyntheticEssays(n=50).load().x)
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "52c1299ee5eaa9f8108f0397761a3f01cef58aa5171a7013e8ca407cb52de169"
    )


def test_a_larger_set_begins_with_the_smaller() -> None:
    small, large = SyntheticEssays(n=20).load(), SyntheticEssays(n=70).load()
    assert small.x.tolist() == large.x[:20].tolist() and small.labels.tolist() == large.labels[:20].tolist()
    assert not set(SyntheticEssays(n=20, seed=1).load().x) & set(small.x)


def test_length() -> None:
    words = SyntheticEssays(n=200, words=100).load().columns["words"]
    assert words.min() >= 50 and words.max() < 170 and abs(words.mean() - 105) < 10
    assert SyntheticEssays(n=1, words=20_000).load().columns["words"][0] >= 10_000


def test_texts_are_sentences() -> None:
    for text in SyntheticEssays(n=100).load().x:
        assert re.fullmatch(r"[A-Za-z ,.!']+", text)
        assert text[0].isupper() and text.endswith(".") and "  " not in text and "{" not in text
        assert all(after[0].isupper() for after in re.split(r"[.!]+ ", text.rstrip(".")))


def test_traits_move_the_rates_of_words_as_the_literature_says() -> None:
    samples = SyntheticEssays(n=960).load()
    rates = {}
    for name, pattern in {
        "friends": r"\b(?:friends|party|everyone|everybody)\b",
        "afraid": r"\b(?:afraid|nervous|worried|scared|stressed|tense|anxious|worry)\b",
        "I": r"\b(?:I|me|my)\b",
        "hate": r"\b(?:hate|stupid|damn)\b",
        "kind": r"\b(?:hope|love|kind|thankful|forgive|together)\b",
        "planned": r"\b(?:finished|goal|succeed|planned|complete|improve)\b",
        "articles": r"\b(?:the|a|an)\b",
        "wonder": r"\b(?:meaning|mystery|wonder|imagine|nature|beauty)\b",
        "happy": r"\b(?:happy|excited|great|glad|wonderful|fun|lovely)\b",
    }.items():
        rates[name] = np.array([len(re.findall(pattern, text)) for text in samples.x]) / samples.columns["words"]
    high = samples.labels.astype(bool)

    def effect(words: str, trait: int) -> float:
        with_it, without = rates[words][high[:, trait]], rates[words][~high[:, trait]]
        return float((with_it.mean() - without.mean()) / rates[words].std())

    for words, trait, sign in (
        *(("friends", 0, 1), ("happy", 0, 1), ("afraid", 1, 1), ("I", 1, 1), ("happy", 1, -1), ("hate", 2, -1)),
        *(("kind", 2, 1), ("planned", 3, 1), ("wonder", 4, 1), ("articles", 4, 1)),
    ):
        assert 0.3 < sign * effect(words, trait) < 2, (words, trait, effect(words, trait))
    # no trait is heard in another's words alone
    assert max(abs(effect("wonder", trait)) for trait in range(4)) < 0.25


def test_learnt_above_chance_and_not_wholly() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    def accuracy(strength: float) -> float:
        samples = SyntheticEssays(strength=strength).load()
        words = TfidfVectorizer().fit(samples.x[:1024])
        seen, unseen = words.transform(samples.x[:1024]), words.transform(samples.x[1024:])
        right = [LogisticRegression().fit(seen, one[:1024]).score(unseen, one[1024:]) for one in samples.labels.T]
        return float(np.mean(right))

    assert 0.72 < accuracy(1) < 0.88
    assert 0.44 < accuracy(0) < 0.56


def test_every_slot_has_words_and_every_effect_is_a_traits() -> None:
    slots = {slot for kind in KINDS.values() for form in kind.forms for slot in re.findall(r"\{(\w+)\}", form)}
    assert slots - {"who"} == set(WORDS)
    assert {trait for kind in KINDS.values() for trait in kind.effects} == {"EXT", "NEU", "AGR", "CON", "OPN"}


@pytest.mark.parametrize("option", [{"n": 0}, {"words": 1}, {"words": 200_000}, {"strength": -1}, {"seed": -1}])
def test_options_outside_their_range(option: dict[str, int]) -> None:
    with pytest.raises(FerlabError, match=rf"synthetic_essays: data\.{next(iter(option))}: expected"):
        SyntheticEssays(**option)
