"""What callbacks measure for training.json and the report."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Facts(Protocol):
    """A callback that has something to say of the finished training."""

    def facts(self) -> dict[str, Any]:
        """Return plain values, each a key of training.json."""
