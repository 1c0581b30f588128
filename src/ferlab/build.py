"""Building objects from plain `_target_` values, with nothing but trusted code allowed in."""

import inspect
import pkgutil
from collections.abc import Callable
from functools import partial
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException

from ferlab.errors import FerlabError

# a checkpoint names what to build: only these packages may be named
TRUSTED = ("ferlab.", "timm.", "torch.", "pytorch_lightning.", "albumentations.")
# and of them classes that are written here, wherever a name leads (torch.load and ferlab.cache.os.system are none)
_LIGHTNING = ("callbacks", "loggers", "plugins", "profilers", "strategies", "trainer")
_CLASSES = (
    *("ferlab.", "timm.", "torch.nn.", "torch.optim.", "albumentations."),
    *(f"pytorch_lightning.{part}." for part in _LIGHTNING),
)
# functions that build something of scikit-learn
_FUNCTIONS = tuple(f"ferlab.classic.{part}" for part in ("classifiers", "reduction", "scaling"))
_LONG = 32


def build(values: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Build the object that `values["_target_"]` names, with the other values as keyword arguments.

    Args:
        values: plain values; nested `_target_` mappings are built too, `_partial_: true` gives a partial.
        *args: positional arguments.
        **kwargs: further keyword arguments.

    Raises:
        FerlabError: no target, a target outside the trusted packages, or arguments that it does not take. Whatever
            else the target raises passes through.
    """
    if not isinstance(values, dict) or "_target_" not in values:
        raise FerlabError(f"configuration: expected a mapping with _target_, found {values!r}")
    _check(values)
    # Hydra would take long over each entry of a vocabulary, and read "???" in it as a value that is missing
    words = {key: value for key, value in values.items() if key[0] != "_" and _is_flat(value)}
    if words:
        values = {key: value for key, value in values.items() if key not in words}
    try:
        if words and not values.get("_partial_"):
            made = hydra.utils.instantiate({**values, "_partial_": True}, *args, _convert_="all", **kwargs)
            return _call(values["_target_"], partial(made, **words))
        made = hydra.utils.instantiate(values, *args, _convert_="all", **kwargs)
        return partial(made, **words) if words else made
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, TypeError):
            raise FerlabError(f"configuration: {values['_target_']}: {cause}") from error
        # the target's own error says more than Hydra's wrapping of it
        raise cause or error from None


def _builds(target: str) -> bool:
    try:
        found = pkgutil.resolve_name(target)
    except (ValueError, ImportError, AttributeError):
        # Hydra tells what is wrong with the name when it builds
        return True
    module = str(getattr(found, "__module__", ""))
    return f"{module}.".startswith(_CLASSES) if inspect.isclass(found) else module in _FUNCTIONS


def _is_flat(value: Any) -> bool:
    """Tell whether a value is a list of words, or a long one of numbers, in which nothing is to be built."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, str) for one in value) or (
        len(value) > _LONG and all(isinstance(one, int | float) for one in value)
    )


def _call(target: Any, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except TypeError as error:
        raise FerlabError(f"configuration: {target}: {error}") from error


def _check(values: Any) -> None:
    if isinstance(values, dict):
        target = values.get("_target_")
        if target is not None and not str(target).startswith(TRUSTED):
            raise FerlabError(f"refused to build {target!r}: only targets under {', '.join(TRUSTED)} are built")
        if target is not None and not _builds(str(target)):
            raise FerlabError(
                f"refused to build {target!r}: expected a class of {', '.join(_CLASSES)}, or a function of "
                f"{', '.join(_FUNCTIONS)}"
            )
        for value in values.values():
            _check(value)
    elif isinstance(values, list | tuple):
        for value in values:
            _check(value)
