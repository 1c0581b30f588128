"""figures/texts.html: texts whose words are coloured by what they add to each label; one page without any script.

Whatever stands in a text is escaped by the template engine; a content security policy forbids what might slip through.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ferlab.evaluation.figures.style import SYNTHETIC, Caption
from ferlab.evaluation.looking.explained_texts import Answers, by_piece
from ferlab.explain.methods import WORDS
from ferlab.text.alignment import aligned
from ferlab.text.cleaning import clean
from ferlab.transforms.text import PADDING, UNKNOWN, Text

PARTS = Path(__file__).parent / "page"
DIGITS = 2


def coloured_texts(
    raw: Sequence[str],
    ids: Int[np.ndarray, "text token"],
    attributions: Float[np.ndarray, "text token output"],
    said: Answers,
    front: Text,
    method: str,
    caption: Caption,
    first: int = 0,
) -> str:
    """Return the page.

    Args:
        raw: the texts as read.
        ids: numbers of their words.
        attributions: what each word adds to each output.
        said: what the model said of them.
        front: the model's preprocessing.
        method: by which attributions were found.
        caption: for the heading and the footer.
        first: the label whose colours are shown first.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    page = Environment(
        loader=FileSystemLoader(PARTS), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template("texts.html")
    texts = [_text(i, raw[i], ids[i], attributions[i], said, front) for i in range(len(raw))]
    marks = [f"{SYNTHETIC}: every text was made by a program."] if caption.synthetic else []
    marks += [f"Read with care: {'; '.join(caption.protocol['marks'])}."] if caption.protocol.get("marks") else []
    return page.render(
        title=f"Words that {caption.model} goes by on {caption.data}",
        style=Markup((PARTS / "texts.css").read_text(encoding="utf-8")),
        names=said.names,
        first=first,
        marks=marks,
        method=WORDS[method],
        texts=texts,
        footer=caption.line(f"{len(raw)} of the test texts"),
    )


def write_page(page: str, path: Path) -> Path:
    """Write the page whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    # a lone surrogate of a broken text has no place in UTF-8
    temporary.write_text(page, encoding="utf-8", errors="replace")
    temporary.replace(path)
    return path


def _text(
    i: int,
    raw: str,
    ids: Int[np.ndarray, "token"],
    attributions: Float[np.ndarray, "token output"],
    said: Answers,
    front: Text,
) -> dict[str, Any]:
    there = ids != PADDING
    numbers, values = ids[there], attributions[there]
    cleaned = clean([raw], front.cleaning)[0]
    words = cleaned[: front.tokens] if front.keep == "first" else cleaned[-front.tokens :]
    pieces = aligned(raw, words, front.cleaning, front.keep)
    sums = by_piece([places for _, places in pieces], values)
    top = np.max([np.abs(one) for one in sums if one is not None] or [np.ones(len(said.names))], axis=0)
    shown: list[dict[str, Any]] = []
    read = sum(len(places) for _, places in pieces)
    plain = ""
    for (text, places), one in zip(pieces, sums, strict=True):
        if one is None:
            plain += text
            continue
        if plain:
            shown.append({"text": plain, "shares": None})
        plain = ""
        told = ", ".join(f"{name} {value:+.3f}" for name, value in zip(said.names, one, strict=True))
        became = " ".join(words[place] for place in places)
        shares = [round(float(share), DIGITS) for share in one / np.where(top > 0, top, 1)]
        unknown = all(numbers[place] == UNKNOWN for place in places)
        shown.append({"text": text, "shares": shares, "unknown": unknown, "told": f"{became}: {told}"})
    if plain:
        shown.append({"text": plain, "shares": None})
    note = f"The model read {len(words):,} words" + (f" of {len(cleaned):,}" if len(cleaned) > len(words) else "")
    note += f"; {read:,} of them are found again in the text." if read < len(words) else "."
    columns = zip(said.names, said.probabilities[i], said.said[i], said.true[i], strict=True)
    answers = [{"name": n, "p": float(p), "said": bool(s), "right": bool(s == t)} for n, p, s, t in columns]
    return {"id": said.ids[i], "answers": answers, "pieces": shown, "note": note}
