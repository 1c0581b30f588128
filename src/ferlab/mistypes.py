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


def wrong_choice(words: Sequence[str], name: str, conf: Path) -> str | None:
    """Say what to do where a group is given no option, or several of which it takes one.

    Hydra would end in a traceback over `classifier=null`, and mix the options of `classifier=[knn,svm]`.

    Args:
        words: the command line's.
        name: the entry's configuration, "train" say.
        conf: the folder of the configuration.
    """
    for word in words:
        group, sign, value = word.partition("=")
        # an option of a group's file, classifier.C=null, is another thing
        if not sign or not group.isidentifier() or not (conf / group).is_dir():
            continue
        there = sorted(str(path.relative_to(conf / group).with_suffix("")) for path in (conf / group).rglob("*.yaml"))
        exist = f"\nwhat exists there: {', '.join(there)}"
        if value in ("null", ""):
            cure = f"{group}=none" if "none" in there else f"leave {group} out, or choose"
            return f"{word}: a group takes one of its options; cure: {cure}{exist}"
        if value.startswith("[") and "," in value and not _together(group, name, conf):
            return (
                f"{word}: {group} takes one option alone; cure: -m {group}={value.strip('[]')} for one run each{exist}"
            )
    return None


def several(error: str, name: str, conf: Path) -> str | None:
    """Say what to do where several values are given and none is meant to be swept.

    Args:
        error: Hydra's message.
        name: the entry's configuration, "train" say.
        conf: the folder of the configuration.
    """
    found = re.search(r"Ambiguous value for argument '(.+?)=(.*)'", error)
    if found is None:
        return None
    key, values = found.groups()
    one = ""
    if _together(key, name, conf):
        one = f"{key}=[{values}] for all in one run, or "
    elif not (conf / key).is_dir():
        one = f"{key}=[{values}] where a list is meant, or "
    return f"{key}={values}: several values; cure: {one}-m {key}={values} for one run each"


def _together(group: str, name: str, conf: Path) -> bool:
    """Return whether several options of a group can be chosen at once: its default is a list then."""
    text = (conf / f"{name}.yaml").read_text(encoding="utf-8")
    return re.search(rf"\n  - (override )?/?{re.escape(group)}: *(\[|\n +-)", text) is not None
