"""Building objects from plain `_target_` values, with nothing but trusted code allowed in."""

from typing import Any

import hydra.utils
from hydra.errors import InstantiationException

from ferlab.errors import FerlabError

# a checkpoint names what to build: only these packages may be named
TRUSTED = ("ferlab.", "timm.", "torch.", "pytorch_lightning.", "albumentations.")


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
    try:
        return hydra.utils.instantiate(values, *args, _convert_="all", **kwargs)
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, TypeError):
            raise FerlabError(f"configuration: {values['_target_']}: {cause}") from error
        # the target's own error says more than Hydra's wrapping of it
        raise cause or error from None


def _check(values: Any) -> None:
    if isinstance(values, dict):
        target = values.get("_target_")
        if target is not None and not str(target).startswith(TRUSTED):
            raise FerlabError(f"refused to build {target!r}: only targets under {', '.join(TRUSTED)} are built")
        for value in values.values():
            _check(value)
    elif isinstance(values, list | tuple):
        for value in values:
            _check(value)
