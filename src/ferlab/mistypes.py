"""What an entry says of a mistyped option: the nearest that exists, the entry that an experiment is for, quoting."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path


def quoted(word: str) -> str:
    """Return a word as Hydra's grammar quotes it, so that nothing in it is taken for grammar."""
    # a backslash escapes only before a quotation mark or "${", which would be looked up; there it is doubled
    word = re.sub(r"(\\*)\$\{", r"\1\1\\${", re.sub(r"(\\*)'", r"\1\1\\'", word))
    trailing = len(word) - len(word.rstrip("\\"))
    return "'" + word + "\\" * trailing + "'"


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return str(error).strip().splitlines()[0]


def nearest(word: str, known: Sequence[str]) -> str:
    """Return "; did you mean ...?", or nothing where no known word is near."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def other_entry(error: str, name: str, conf: Path) -> str | None:
    """Say which entry an experiment is for, where Hydra says that it chooses a group that this one has not.

    Args:
        error: Hydra's message.
        name: the entry's configuration, "train" say.
        conf: the folder of the configuration.
    """
    found = re.search(r"In '/?experiment/(.+?)': Could not override '/?(\w+)", error)
    if found is None:
        return None
    experiment, group = found.groups()
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(conf.glob("*.yaml"))}
    # those that take experiments and have the group
    others = [one for one, text in texts.items() if f"\n  - {group}: " in text and "\n  - experiment: " in text]
    if name in others or not others:
        return None
    commands = " or ".join(f"python -m ferlab.{one} experiment={experiment}" for one in others)
    return f"experiment={experiment} is none for ferlab.{name}, which has no group {group}; cure: {commands}"
