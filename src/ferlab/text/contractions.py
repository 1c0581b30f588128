"""Contractions of English, expanded: "can't" to "cannot", "they've" to "they have" (document D2)."""

import re

_ENDINGS = {"ve": "have", "re": "are", "ll": "will", "m": "am", "d": "would"}
_WHOLE = {
    "can't": "cannot",
    "won't": "will not",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
    "y'all": "you all",
    "ya'll": "you all",
    "c'mon": "come on",
    "ma'am": "madam",
}
_LEADING = {"cause": "because", "em": "them", "til": "until", "till": "until", "tis": "it is", "twas": "it was"}
# behind other words 's is a possessive far more often than a verb
_IS = {"it", "he", "she", "that", "this", "what", "who", "where", "there", "here", "how", "when", "why", "which"}
_IS |= {"everything", "nothing"}
# written without their apostrophe, and hardly words of their own: "well", "its", "were" stay as they are
_NOT = ["do", "does", "did", "is", "was", "are", "were", "has", "have", "had", "could", "would", "should"]
_BARE = {f"{word}nt": f"{word} not" for word in _NOT} | {
    "cant": "cannot",
    "wont": "will not",
    "im": "i am",
    "ive": "i have",
    "youre": "you are",
    "youve": "you have",
    "youll": "you will",
    "theyre": "they are",
    "theyve": "they have",
    "theyll": "they will",
    "weve": "we have",
    "thats": "that is",
    "whats": "what is",
    "theres": "there is",
    "hes": "he is",
    "shes": "she is",
}
_FOUND = re.compile(
    rf"(?<!\w)'(?:{'|'.join(_LEADING)})\b|[^\W\d_]+(?:'[^\W\d_]+)+|\b(?:{'|'.join(_BARE)})\b", re.IGNORECASE
)


def expand(text: str) -> str:
    """Return a text without contractions.

    Every apostrophe is a straight one ("'") already. 's becomes "is" behind pronouns and question words and is
    dropped elsewhere, where it is mostly a possessive; 'd always becomes "would". What is no contraction stays
    ("o'clock"). The first letter keeps its case.

    Args:
        text: as written.
    """
    return _FOUND.sub(_expanded, text)


def _expanded(found: re.Match[str]) -> str:
    word = found[0]
    if word[0] == "'":
        return _LEADING[word[1:].lower()]
    if "'" not in word:
        # IM and HES in capitals are abbreviations
        return word if word.isupper() else _like(word, _BARE[word.lower()])
    return _word(word)


def _word(word: str) -> str:
    """Expand one word, from its end."""
    if (whole := _WHOLE.get(word.lower())) is not None:
        return _like(word, whole)
    head, mark, tail = word.rpartition("'")
    ending = tail.lower()
    if not mark:
        return word
    if ending == "t" and head[-1:] in ("n", "N") and len(head) > 1:
        return f"{_word(head[:-1])} not"
    if ending == "nt":  # a slip of the fingers: did'nt
        return f"{_word(head)} not"
    if ending in _ENDINGS:
        return f"{_word(head)} {_ENDINGS[ending]}"
    if ending == "s":
        return f"{head} is" if head.lower() in _IS else _word(head)
    return word


def _like(word: str, words: str) -> str:
    return words[0].upper() + words[1:] if word[0].isupper() else words
