"""What a report says of a text model's words: the vocabulary, where their vectors began, and what both cover."""

from collections.abc import Mapping
from typing import Any


def lines(training: Mapping[str, Any]) -> dict[str, str]:
    """Return lines for the section on the training; none where the samples are no texts.

    Args:
        training: what stands in training.json.
    """
    words = training.get("words")
    if not words:
        return {}
    said = {"words": f"{words['words']:,} in the vocabulary, of the training texts alone"}
    covered = words["coverage"]
    said["words known"] = _shares(covered, "in_vocabulary")
    if words["source"] == "random":
        return said | {"word vectors": "began at random"}
    if words["source"] == "train":
        origin = f"Word2Vec on the {words['texts']:,} training texts"
    else:
        origin = f"`{words['file']}`, {words['size']:,} words"
    share = words["words_with_vector"] / words["words"]
    kind = "trained further" if words["trainable"] else "kept as they are"
    said["word vectors"] = (
        f"{words['features']} numbers a word, {origin}, {kind}; they cover {share:.1%} of the vocabulary"
    )
    return said | {"words with a vector": _shares(covered, "with_vector")}


def _shares(coverage: Mapping[str, Mapping[str, Any]], kind: str) -> str:
    shares = [f"{part[kind]:.1%} of {role}" for role, part in coverage.items() if part[kind] is not None]
    return "of all words in the texts " + ", ".join(shares) if shares else "none: cleaning leaves no word"
