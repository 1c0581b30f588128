"""The words that a network for texts goes by, in words: for report.md."""

from typing import Any

from ferlab.evaluation.looking.moving_words import words_table
from ferlab.evaluation.words import table
from ferlab.explain.methods import WORDS


def section(found: dict[str, Any] | None) -> list[str]:
    """Return the report's sections on words; nothing for a run on anything but texts.

    Args:
        found: what stands in figures/explanations.json (`text_draw.explain_texts`).
    """
    if not found or "page" not in found:
        return []
    method = WORDS[found["words_method"]]
    parts = [
        "## Words that it goes by",
        words_table(found["words"], found["labels"]),
        f"What a word adds to a label's logit in a text that holds it, all its occurrences together, by {method}; mean "
        f"over those of {found['words_over']:,} test texts that hold it, words of 5 texts or more, whose 95 % interval "
        "leaves zero out, the surest first. One word in twenty does so by chance. Every word is in "
        "[words.csv](figures/words.csv); texts with their words in colour: "
        f"[{found['page']}](figures/{found['page']}).",
    ]
    if "word_games" in found:
        parts += ["## Are the explanations worth a look?", *_games(found["word_games"])]
    if found["left_out"]:
        names = ", ".join(WORDS[name] for name in found["left_out"])
        parts.append(f"Left out, for texts have no such maps: {names}.")
    return parts


def _games(games: dict[str, Any]) -> list[str]:
    shares = [f"{share:.0%} of the words" for share in games["shares"]]
    rows = [["fall of the logit without", *shares, "mean", "less random words"]]
    rows.append(["random words", *(_plain(one) for one in games["random"]["falls"]), "", ""])
    for name, one in games["methods"].items():
        falls = (_plain(each) for each in one["falls"])
        rows.append([f"the strongest by {WORDS[name]}", *falls, _plain(one["fall"]), _spanned(one["to_random"])])
    told = (
        f"How far what the network says falls, in logits and averaged over the labels, n = {games['n']:,} test texts, "
        "when the words that speak most for it are taken out, beside as many words at random; paired by text."
    )
    return [table(rows), told]


def _plain(one: dict[str, Any]) -> str:
    return f"{one['value']:+.3f}"


def _spanned(one: dict[str, Any]) -> str:
    return f"{one['value']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"
