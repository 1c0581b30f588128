"""Statistics over the frames that count, and slopes in time (deltas), of many series at once."""

import re
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float32
from torch import Tensor
from torch.nn import functional as F

from ferlab.errors import FerlabError

STATISTICS = ("mean", "std", "min", "max", "range")


def check_statistics(option: str, names: Sequence[str]) -> None:
    """Refuse what `statistics` does not know.

    Raises:
        FerlabError: none at all, or the first that is unknown.
    """
    for name in names:
        if name not in STATISTICS and _percentile(name) is None:
            raise FerlabError(
                f"{option}: expected {', '.join(STATISTICS)} or a percentile, p0 to p100, found {name!r}; "
                f"cure: {option}=[mean,std,p10,p50,p90]"
            )
    if not names:
        raise FerlabError(f"{option}: expected one or more, found none; cure: {option}=[mean,std]")


def statistics(
    values: Float32[Tensor, "clip series frame"], counts: Bool[Tensor, "clip frame"], names: Sequence[str]
) -> Float32[Tensor, "clip series statistic"]:
    """Return statistics of each series over its clip's frames that count; 0 where none does.

    Args:
        values: finite wherever a frame counts.
        counts: which frames do.
        names: mean, std (of the population), min, max, range (max - min), p<percentile> (linear between frames).
    """
    number = counts.sum(1)
    weight = counts[:, None].to(values.dtype)
    values = torch.where(counts[:, None], values, 0.0)
    total = number.clamp(min=1)[:, None]
    mean = values.sum(2) / total
    found = {"mean": mean}
    if "std" in names:
        found["std"] = ((values - mean[:, :, None]) * weight).square().sum(2).div(total).sqrt()
    if any(name not in ("mean", "std") for name in names):
        # what does not count goes behind everything
        ordered = torch.where(counts[:, None], values, torch.inf).sort(2).values
        last = (number - 1).clamp(min=0).to(values.dtype)
        for name in names:
            if (share := _percentile(name)) is not None:
                found[name] = _at(ordered, share * last)
        found |= {"min": _at(ordered, 0 * last), "max": _at(ordered, last)}
        found["range"] = found["max"] - found["min"]
    table = torch.stack([found[name] for name in names], 2)
    return torch.where(number[:, None, None] > 0, table, 0.0)


def deltas(values: Float32[Tensor, "clip series frame"], reach: int = 4) -> Float32[Tensor, "clip series frame"]:
    """Return the slope of the line through each frame and `reach` more on either side, a frame; ends are repeated.

    Source: Furui, IEEE Trans. ASSP 29 (1981). Away from the ends equal to librosa's and to a Savitzky-Golay filter's.
    """
    steps = torch.arange(-reach, reach + 1, dtype=values.dtype, device=values.device)
    weight = (steps / steps.square().sum())[None, None]
    flat = F.pad(values.flatten(0, 1)[:, None], (reach, reach), mode="replicate")
    return F.conv1d(flat, weight)[:, 0].view_as(values)


def _percentile(name: str) -> float | None:
    found = re.fullmatch(r"p(\d+(?:\.\d+)?)", name)
    return float(found[1]) / 100 if found and float(found[1]) <= 100 else None


def _at(
    ordered: Float32[Tensor, "clip series frame"], place: Float32[Tensor, "clip"]
) -> Float32[Tensor, "clip series"]:
    low = place.floor().long()
    high = place.ceil().long()
    one, other = (ordered.take_along_dim(where[:, None, None], 2)[:, :, 0] for where in (low, high))
    return torch.lerp(one, other, (place - low)[:, None])
