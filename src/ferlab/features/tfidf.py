"""TF-IDF of words and of characters (Sparck Jones 1972; Salton and Buckley, doi:10.1016/0306-4573(88)90021-0).

scikit-learn's TfidfVectorizer, once over words and once over the characters within words: a row holds both, each half
of unit length. Rows are sparse.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Int64, Shaped

from ferlab.errors import FerlabError, expect_whole
from ferlab.text.cleaning import Cleaning, clean

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_WHERE = "features.tfidf"
# what leaves n-grams out, and how those that stay are weighted
_LIMITS = ("min_df", "max_df", "max_features", "sublinear_tf")


class Tfidf:
    """How often each n-gram stands in a text, beside how many training texts hold it.

    Args:
        words: shortest and longest n-gram of words, [1, 2] say; None: no words.
        characters: shortest and longest n-gram of characters within words, [2, 5] say; None: no characters.
        min_df: an n-gram of fewer training texts is left out: a number, or a share of the texts below 1.
        max_df: an n-gram of more training texts is left out: a share up to 1.0, or a number.
        max_features: the most frequent n-grams that stay, of words and of characters each; None: all.
        sublinear: 1 + ln(count) in place of the count.
        lower: upper and lower case count alike.
        stop_words: "english": the 318 words of scikit-learn's list are left out; None: none.
        cleaning: what becomes of a text first (conf/model/text_cnn_lstm.yaml); None: it stays as it is.

    Raises:
        FerlabError: an option has no meaning.
    """

    modality: ClassVar[str] = "text"
    learns: ClassVar[bool] = True
    version: ClassVar[int] = 1
    # counting holds the interpreter's lock
    cores: ClassVar[str] = "own"

    def __init__(
        self,
        words: Sequence[int] | None = (1, 2),
        characters: Sequence[int] | None = (2, 5),
        min_df: int | float = 2,
        max_df: int | float = 1.0,
        max_features: int | None = None,
        sublinear: bool = True,
        lower: bool = True,
        stop_words: str | None = None,
        cleaning: Cleaning | None = None,
    ) -> None:
        if words is None and characters is None:
            raise FerlabError(f"{_WHERE}: expected words or characters, found neither; cure: {_WHERE}.words=[1,2]")
        for name, grams in (("words", words), ("characters", characters)):
            if grams is None:
                continue
            expect_whole(**{f"{_WHERE}.{name}": one for one in grams})
            if len(grams) != 2 or not 1 <= grams[0] <= grams[1]:
                raise FerlabError(f"{_WHERE}.{name}: expected shortest and longest, [1, 2] say, found {list(grams)}")
        for name, limit in (("min_df", min_df), ("max_df", max_df)):
            if not (limit >= 1 if isinstance(limit, int) else 0 <= limit <= 1):
                raise FerlabError(
                    f"{_WHERE}.{name}: expected a number from 1, or a share of 0.0 to 1.0, found {limit!r}"
                )
        if stop_words not in (None, "english"):
            raise FerlabError(f"{_WHERE}.stop_words: expected english or null, found {stop_words!r}")
        if max_features is not None and max_features < 1:
            raise FerlabError(f"{_WHERE}.max_features: expected 1 or more, or null, found {max_features!r}")
        self.cleaning, self.fitted = cleaning, False
        shared = {
            "min_df": min_df,
            "max_df": max_df,
            "max_features": max_features,
            "sublinear_tf": sublinear,
            "lowercase": lower,
            "dtype": np.float32,
        }
        kinds = {"word": ("word", words), "character": ("char_wb", characters)}
        self._options: dict[str, dict[str, Any]] = {
            kind: {**shared, "analyzer": analyzer, "ngram_range": tuple(grams)}
            for kind, (analyzer, grams) in kinds.items()
            if grams is not None
        }
        if "word" in self._options:
            self._options["word"]["stop_words"] = stop_words
        self._vectorizers: dict[str, Any] = {}

    @property
    def options(self) -> dict[str, Any]:
        """Everything the values depend on besides the texts."""
        of = {kind: {**given, "dtype": "float32"} for kind, given in self._options.items()}
        return {**of, "cleaning": repr(self.cleaning)}

    def fit(self, x: Shaped[np.ndarray, "sample"]) -> None:
        """Learn the n-grams and their weights from training texts.

        Raises:
            FerlabError: no n-gram is left.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts, self._vectorizers = self._texts(x), {}
        for kind, options in self._options.items():
            try:
                self._vectorizers[kind] = TfidfVectorizer(**options).fit(texts)
            except ValueError as error:
                raise _none_left(kind, len(x), error) from error
        self.fitted = True

    @property
    def learnt(self) -> dict[str, np.ndarray]:
        """What `fit` learnt: of each kind its n-grams, one a line in UTF-8, and their weights, as `<kind>_idf`.

        Raises:
            FerlabError: not fitted yet.
        """
        self._expect_fitted()
        out: dict[str, np.ndarray] = {}
        for kind, one in self._vectorizers.items():
            lines = "\n".join(one.get_feature_names_out()).encode("utf-8", "surrogatepass")
            out |= {kind: np.frombuffer(lines, np.uint8), f"{kind}_idf": one.idf_}
        return out

    def restore(self, learnt: Mapping[str, np.ndarray]) -> None:
        """Take what another of the same options has learnt, in place of `fit`.

        Raises:
            KeyError: it was learnt under other options.
            ValueError: n-grams and weights differ in number.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer

        for kind, options in self._options.items():
            grams = learnt[kind].tobytes().decode("utf-8", "surrogatepass").split("\n")
            one = TfidfVectorizer(**options, vocabulary={gram: i for i, gram in enumerate(grams)})
            one.idf_ = learnt[f"{kind}_idf"]
            self._vectorizers[kind] = one
        self.fitted = True

    def transform(self, x: Shaped[np.ndarray, "sample"]) -> "csr_array":
        """Return the weights, float32 CSR (sample, n-gram): first words, then characters.

        Raises:
            FerlabError: not fitted yet.
        """
        from scipy.sparse import csr_array, hstack

        self._expect_fitted()
        texts = self._texts(x)
        parts = [one.transform(texts) for one in self._vectorizers.values()]
        return csr_array(hstack(parts, format="csr"))

    def counts(self, x: Shaped[np.ndarray, "sample"]) -> "list[csr_array]":
        """Count every n-gram of some texts, none left out: what `weighted` learns from, for any part of them.

        Returns:
            CSR (sample, n-gram), of words and of characters.

        Raises:
            FerlabError: no n-gram.
        """
        from sklearn.feature_extraction.text import CountVectorizer

        texts, found = self._texts(x), []
        for kind, options in self._options.items():
            counting = {name: value for name, value in options.items() if name not in _LIMITS}
            try:
                found.append(CountVectorizer(**counting).fit_transform(texts))
            except ValueError as error:
                raise _none_left(kind, len(x), error) from error
        return found

    def weighted(self, counts: "Sequence[csr_array]", training: Int64[np.ndarray, "seen"]) -> "csr_array":
        """Return what `fit` to some of the texts, then `transform` of all of them would give.

        Args:
            counts: of all texts.
            training: rows of those that are learnt from.

        Raises:
            FerlabError: no n-gram is left.
        """
        from scipy.sparse import csr_array, hstack
        from sklearn.feature_extraction.text import TfidfTransformer

        parts = []
        for (kind, options), table in zip(self._options.items(), counts, strict=True):
            kept = _kept(table[training], *(options[name] for name in _LIMITS[:3]))
            if not len(kept):
                raise _none_left(kind, len(training), "of those that min_df and max_df let pass")
            own = table[:, kept]
            parts.append(TfidfTransformer(sublinear_tf=options["sublinear_tf"]).fit(own[training]).transform(own))
        return csr_array(hstack(parts, format="csr"))

    def names(self) -> list[str]:
        """Return each n-gram, "word not good" or "character ing" say.

        Raises:
            FerlabError: not fitted yet.
        """
        self._expect_fitted()
        return [f"{kind} {gram}" for kind, one in self._vectorizers.items() for gram in one.get_feature_names_out()]

    def _texts(self, x: Shaped[np.ndarray, "sample"]) -> list[str]:
        texts = [str(text) for text in x]
        return texts if self.cleaning is None else [" ".join(words) for words in clean(texts, self.cleaning)]

    def _expect_fitted(self) -> None:
        if not self.fitted:
            raise FerlabError(f"{_WHERE}: not fitted yet; expected `fit` with the training texts first")


def _kept(counts: "csr_array", min_df: int | float, max_df: int | float, most: int | None) -> Int64[np.ndarray, "kept"]:
    """Return the n-grams that scikit-learn's CountVectorizer would keep of these texts."""
    samples = counts.shape[0]
    texts = np.bincount(counts.indices, minlength=counts.shape[1])
    low, high = (one if isinstance(one, int) else one * samples for one in (min_df, max_df))
    kept = np.flatnonzero((texts >= max(low, 1)) & (texts <= high))
    if most is not None and len(kept) > most:
        total = np.asarray(counts.sum(axis=0)).ravel()[kept]
        kept = np.sort(kept[(-total).argsort()[:most]])
    return kept


def _none_left(kind: str, texts: int, why: object) -> FerlabError:
    return FerlabError(
        f"{_WHERE}: of {texts:,} training texts no {kind} n-gram is left ({why}); cure: a smaller min_df, a larger "
        "max_df, or more texts"
    )
