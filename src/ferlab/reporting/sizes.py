"""Parameters and multiply-adds of a run's model: as the run wrote them, else counted anew from its configuration."""

import json
from functools import cache
from pathlib import Path

from ferlab.errors import FerlabError
from ferlab.evaluation.run_folder import Run
from ferlab.spec import TaskSpec


def size_of(run: Run) -> dict[str, int] | None:
    """Return "parameters" and "multiply_adds"; None where an older run's files do not suffice to count them."""
    written: dict[str, int] | None = run.training.get("size")
    if written:
        return written
    model, parts = run.config.get("model") or {}, ("net", "preprocess")
    if any(part not in model for part in parts):
        return None
    return _count(
        json.dumps({part: model[part] for part in parts}, sort_keys=True),
        run.folder / "predictions.parquet",
        json.dumps(run.config.get("data") or {}, sort_keys=True),
    )


def _count(model: str, rows: Path, data: str) -> dict[str, int] | None:
    spec = _written_spec(rows) or _known_spec(data)
    return None if spec is None else _measured(model, spec.shape, spec.outputs)


def _written_spec(rows: Path) -> TaskSpec | None:
    """Return what the rows' own facts say of the task."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ferlab.evaluation.rows import META

    try:
        facts = (pq.read_schema(rows).metadata or {})[META]
        return TaskSpec.from_dict(json.loads(facts)["spec"])
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
        return None


@cache
def _known_spec(data: str) -> TaskSpec | None:
    """Return what a data set says of the task without being read; some cannot."""
    from ferlab.build import build

    try:
        spec = getattr(build(json.loads(data)), "spec", None)
    except (FerlabError, OSError, TypeError, ValueError):
        return None
    return spec if isinstance(spec, TaskSpec) else None


@cache
def _measured(model: str, shape: tuple[int, ...], outputs: int) -> dict[str, int] | None:
    from ferlab.build import build
    from ferlab.models.measure import size

    parts = json.loads(model)
    try:
        preprocess = build(parts["preprocess"], shape)
        net = build(parts["net"], preprocess.output_shape, outputs)
        return size(net, preprocess)
    # an older configuration may name what this version no longer has
    except (FerlabError, ImportError, AttributeError, TypeError, ValueError, RuntimeError):
        return None
