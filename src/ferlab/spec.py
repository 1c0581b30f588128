"""TaskSpec: the sole contract between data and model."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ferlab.errors import FerlabError

Kind = Literal["multiclass", "binary", "multilabel"]
Modality = Literal["image", "audio", "text"]


@dataclass(frozen=True)
class TaskSpec:
    """What is to be told apart, and what a raw sample looks like.

    Attributes:
        kind: multiclass (one of `labels`), binary (two labels, one sigmoid output), multilabel (any of `labels`).
        labels: class names in index order; for binary, `labels[1]` is the positive class.
        modality: what a raw sample is.
        shape: one raw sample as the data set stores it; for images (height, width, channels), uint8.
    """

    kind: Kind
    labels: tuple[str, ...]
    modality: Modality
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind) or self.modality not in get_args(Modality):
            raise FerlabError(
                f"task: unknown kind {self.kind!r} or modality {self.modality!r}; "
                f"expected one of {get_args(Kind)} and one of {get_args(Modality)}"
            )
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < (1 if self.kind == "multilabel" else 2):
            raise FerlabError(f"task: expected two or more distinct labels, found {list(self.labels)}")
        if self.kind == "binary" and len(self.labels) != 2:
            raise FerlabError(f"task: a binary task has two labels, found {len(self.labels)}: {list(self.labels)}")

    @property
    def outputs(self) -> int:
        """Number of values the model puts out for one sample."""
        return 1 if self.kind == "binary" else len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for configuration and checkpoints."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TaskSpec":
        """Rebuild a spec from `to_dict`'s values."""
        return cls(values["kind"], tuple(values["labels"]), values["modality"], tuple(values["shape"]))
