"""The grammar of synthetic essays: which kind of sentence comes next, who acts in it, and how it is written down."""

import math
import re
from collections.abc import Mapping, Sequence
from random import Random

from ferlab.data.synthetic.essay_words import KINDS, ME, OPENERS, OTHERS, TENTATIVE, WE, WORDS

# how differently two persons with the same traits choose their subjects: standard deviation of the log rates
HABIT = 0.5
_SLOT = re.compile(r"\{(\w+)\}")
_ENDS = (". ", ". ", ". ", ". ", "... ", "! ", ", ")


def essay(scores: Mapping[str, float], words: int, rng: Random) -> str:
    """Write one text.

    Args:
        scores: trait -> how much of it the author has, around 0; negative is little.
        words: the text ends with the sentence that reaches so many.
        rng: where chance comes from; only its `random()` is asked, which is the same in every version of Python.
    """
    rates = [
        kind.rate * math.exp(HABIT * _normal(rng) + sum(size * scores[name] for name, size in kind.effects.items()))
        for kind in KINDS.values()
    ]
    kinds, sums, total = list(KINDS.values()), [], 0.0
    for rate in rates:
        total += rate
        sums.append(total)
    parts: list[str] = []
    count, begins = 0, True
    while count < words:
        at = rng.random() * total
        kind = kinds[next((k for k, end in enumerate(sums) if at < end), -1)]
        sentence = _opened(_filled(_one(kind.forms, rng), scores, rng), scores, rng)
        count += sentence.count(" ") + 1
        end = ". " if count >= words else _one(_ENDS, rng)
        parts.append((sentence[0].upper() + sentence[1:] if begins else sentence) + end)
        begins = end != ", "
    return "".join(parts).strip()


def _filled(form: str, scores: Mapping[str, float], rng: Random) -> str:
    return _SLOT.sub(lambda slot: _who(scores, rng) if slot[1] == "who" else _one(WORDS[slot[1]], rng), form)


def _who(scores: Mapping[str, float], rng: Random) -> str:
    weights = (
        math.exp(0.5 + 0.5 * scores["NEU"] - 0.3 * scores["OPN"]),
        math.exp(-0.5 + 0.3 * scores["EXT"] + 0.4 * scores["AGR"]),
        1.0,
    )
    at = rng.random() * sum(weights)
    if at < weights[0]:
        return ME
    return WE if at < weights[0] + weights[1] else _one(OTHERS, rng)


def _opened(sentence: str, scores: Mapping[str, float], rng: Random) -> str:
    """Put a word or two before a sentence, or none."""
    hedge = 0.06 * math.exp(-0.5 * scores["EXT"])
    at = rng.random()
    if at < hedge:
        return f"{_one(TENTATIVE, rng)} {sentence}"
    return f"{_one(OPENERS, rng)} {sentence}" if at < hedge + 0.25 else sentence


def _one(choices: Sequence[str], rng: Random) -> str:
    return choices[int(rng.random() * len(choices))]


def _normal(rng: Random) -> float:
    return math.sqrt(-2 * math.log(1 - rng.random())) * math.cos(2 * math.pi * rng.random())
