"""One feature of all samples: in chunks, on every core, cached by content; what an interruption leaves is gone on from.

Memory: besides what the feature itself needs for a chunk (stated in its file) there are at most twice as many chunks'
rows as workers; the rows of all samples lie in a memory-mapped file of 4 bytes a value, on the disk.
"""

import hashlib
import json
import shutil
from typing import Any

import numpy as np
from jaxtyping import Shaped

from ferlab.cache import cache_root, cached
from ferlab.errors import FerlabError
from ferlab.features.chunked import cores, in_chunks
from ferlab.features.feature import Feature, name_of, options_of, refuse_wrong_modality
from ferlab.features.unfinished import Unfinished

_CHUNK_BYTES = 2**20
_TEXTS = 256


def extract(feature: Feature, x: Shaped[np.ndarray, "sample ..."], what: str, workers: int | None = None) -> Any:
    """Return the feature of every sample.

    Rows are cached under `cache_root()/features` by the samples' content and the feature's class, options and
    version; those of a feature that learns are not, for they depend on what it was fitted on. An interrupted call
    loses nothing but the chunks it was at: the next one goes on from there.

    Args:
        feature: what is computed; a feature that learns has been fitted.
        x: raw samples as `Samples.x` holds them; read chunk by chunk, so they may be memory-mapped.
        what: what the progress bar says is computed.
        workers: chunks computed at once; None: as many as there are cores for this process. The rows are the same
            for every number.

    Returns:
        float32 (sample, feature), memory-mapped and read-only where it was cached; scipy CSR where the feature
        gives that. NaN is passed on: whether it may be there depends on what the rows are for.

    Raises:
        FerlabError: samples of another modality, no samples, a cache folder without room; whatever the feature
            itself refuses.
    """
    refuse_wrong_modality(feature, x)
    if len(x) == 0:
        raise FerlabError(f"features={name_of(feature)}: no samples; expected at least one")
    workers = cores() if workers is None else workers
    chunks = _chunks(feature, x)
    if feature.learns or not getattr(feature, "cached", True):
        parts = {chunk.start: part for chunk, part in in_chunks(feature, x, chunks, workers, what)}
        return _stacked([parts[chunk.start] for chunk in chunks])
    key = {
        "feature": f"{type(feature).__module__}.{type(feature).__qualname__}",
        "options": options_of(feature),
        "version": feature.version,
        "samples": _digest(x),
    }
    folder = cache_root() / "features"
    unfinished = folder / f"unfinished-{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:20]}"

    def build() -> dict[str, Any]:
        with Unfinished(unfinished, len(x)) as table:
            left = [chunk for chunk in chunks if not table.has(chunk)]
            for chunk, part in in_chunks(feature, x, left, workers, what):
                table.put(chunk, part)
        return {"rows": table.rows()}

    rows = cached("features", key, build)["rows"]
    shutil.rmtree(unfinished, ignore_errors=True)
    return rows


def _chunks(feature: Feature, x: Shaped[np.ndarray, "sample ..."]) -> list[slice]:
    per_sample = _CHUNK_BYTES // _TEXTS if x.dtype == object else max(1, x[:1].nbytes)
    size = getattr(feature, "chunk", None) or max(1, _CHUNK_BYTES // per_sample)
    return [slice(first, min(first + size, len(x))) for first in range(0, len(x), size)]


def _stacked(parts: list[Any]) -> Any:
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    from scipy.sparse import vstack

    return vstack(parts, format="csr")


def _digest(x: Shaped[np.ndarray, "sample ..."]) -> str:
    digest = hashlib.blake2b(f"{x.dtype.kind}{x.dtype.itemsize} {x.shape}".encode(), digest_size=20)
    if x.dtype.kind in "OU":
        for text in x:
            data = str(text).encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little") + data)
    else:
        for first in range(0, len(x), 1024):
            digest.update(np.ascontiguousarray(x[first : first + 1024]).data)
    return digest.hexdigest()
