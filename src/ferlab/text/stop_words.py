"""Stop words of English: the closed classes of words, and scikit-learn's longer list by name."""

from collections.abc import Sequence

from ferlab.errors import FerlabError

# as the document's NLTK list they hold "not" and the pronouns; an expanded contraction leaves no other forms
_ENGLISH = """
i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
it its itself they them their theirs themselves what which who whom whose this that these those
am is are was were be been being have has had having do does did doing done will would shall should can could may might
must ought
a an the and but if or nor because as until while of at by for with about against between into through during before
after above below to from up down in out on off over under upon than
again further then once here there when where why how all any both each few more most other some such no not only own
same so too very just now also s t d ll m o re ve y
"""  # pronouns; auxiliaries; articles, conjunctions and prepositions; adverbs of place, time and degree, quantifiers
ENGLISH = frozenset(_ENGLISH.split())
NAMES = ("english", "sklearn")


def stop_words(wish: str | Sequence[str] | None) -> frozenset[str]:
    """Return the words to leave out, lower case.

    Args:
        wish: "english": 146 function words; "sklearn": scikit-learn's 318, nouns and verbs such as "fire" and "cry"
            among them; a list of words; None: none.

    Raises:
        FerlabError: a name that is none of these.
    """
    if wish is None:
        return frozenset()
    if wish == "english":
        return ENGLISH
    if wish == "sklearn":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(ENGLISH_STOP_WORDS)
    if isinstance(wish, str):
        raise FerlabError(
            f"cleaning.stop_words: expected {', '.join(NAMES)}, null or a list of words, found {wish!r}; "
            f"cure: stop_words=[{wish}], if that one word is meant"
        )
    return frozenset(word.lower() for word in wish)
