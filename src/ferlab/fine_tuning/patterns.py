"""Names of layers: what a pattern in the configuration means in a network."""

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from torch import nn

from ferlab.errors import FerlabError


def matching(net: nn.Module, patterns: Iterable[str], where: str = "fine_tuning") -> set[str]:
    """Return the names of the parameters that patterns mean.

    A pattern is a name below the net, or an fnmatch pattern of such names: of a parameter, or of a layer, which
    stands for everything in it. "*" is everything.

    Raises:
        FerlabError: a pattern matches nothing; the message gives the nearest names.
    """
    parameters = [name for name, _ in net.named_parameters()]
    names = [name for name, _ in net.named_modules() if name] + parameters
    found: set[str] = set()
    for pattern in patterns:
        hits = {name for name in names if fnmatchcase(name, pattern)}
        mine = {name for name in parameters if any(name == hit or name.startswith(f"{hit}.") for hit in hits)}
        if not mine:
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.5)
            top = [name for name, _ in net.named_children()]
            reason = "that has parameters " if hits else ""
            raise FerlabError(
                f"{where}: {pattern!r} matches no layer {reason}of this model; nearest: {', '.join(near) or 'none'}; "
                f"its parts: {', '.join(top)} (python -m ferlab.summary lists all)"
            )
        found |= mine
    return found
