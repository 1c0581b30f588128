"""PCA and t-SNE of samples, and how well classes lie together before any projection: a number beside the picture.

Sources: Pearson, Phil. Mag. 2 (1901); van der Maaten and Hinton, JMLR 9 (2008); the plots of document D4. Two
dimensions of t-SNE show what they please: distances between clusters mean nothing, so a nearest-neighbour accuracy
in the full space stands beside them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int64

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import wilson

MOST, FEWEST = 2000, 10
SEED, NEIGHBOURS, FIRST = 0, 10, 50
PERPLEXITY = 30.0


@dataclass(frozen=True)
class Projection:
    """Samples in two dimensions, twice.

    Attributes:
        pca: first two principal components of the standardised values.
        explained: share of the variance that each of the two explains, 0..1.
        tsne: t-SNE of the first 50 components.
        perplexity: what t-SNE was run with.
        knn: accuracy of the `NEIGHBOURS` nearest other samples in the standardised space, leave one out:
            {"value", "low", "high", "interval", "n", "k"}.
        dimensions: of the space, those without variance left out.
    """

    pca: Float[np.ndarray, "sample 2"]
    explained: tuple[float, float]
    tsne: Float[np.ndarray, "sample 2"]
    perplexity: float
    knn: dict[str, Any]
    dimensions: int


def project(values: Float[np.ndarray, "sample dimension"], labels: Int[np.ndarray, "sample"]) -> Projection:
    """Project samples by PCA and t-SNE; the same values give the same points.

    Args:
        values: any numbers; each dimension is standardised first, as is usual, and one without variance falls away.
        labels: class of each sample, for the nearest neighbours alone: no projection sees them.

    Raises:
        FerlabError: fewer than 10 samples, or values that are not finite.
    """
    if len(values) < FEWEST:
        raise FerlabError(f"projections: expected {FEWEST} samples or more, found {len(values)}")
    if not np.isfinite(values).all():
        raise FerlabError("projections: expected finite values, found NaN or infinity; has training diverged?")
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    x = standardise(values)
    perplexity = min(PERPLEXITY, (len(x) - 1) / 3)
    knn = nearest_accuracy(x, labels)
    if not x.any():
        # a net whose units have died gives every image the same features
        return Projection(np.zeros((len(x), 2)), (0.0, 0.0), np.zeros((len(x), 2)), perplexity, knn, 0)
    count = min(FIRST, *x.shape)
    # randomised: of 27,648 pixels the exact decomposition takes minutes for the same first components
    pca = PCA(count, svd_solver="randomized", iterated_power=7, random_state=SEED)
    first = pca.fit_transform(x)
    if count < 2:
        first = np.hstack([first, np.zeros((len(first), 2 - count), dtype=first.dtype)])
    tsne = TSNE(2, perplexity=perplexity, init="pca", learning_rate="auto", random_state=SEED, n_jobs=1)
    shares = [*(float(share) for share in pca.explained_variance_ratio_[:2]), 0.0]
    points = np.asarray(tsne.fit_transform(first), dtype=np.float64)
    return Projection(first[:, :2].astype(np.float64), (shares[0], shares[1]), points, perplexity, knn, x.shape[1])


def standardise(values: Float[np.ndarray, "sample dimension"]) -> Float[np.ndarray, "sample varying"]:
    """Return values with mean 0 and variance 1 in each dimension that varies at all."""
    x = np.asarray(values, dtype=np.float32)
    spread = x.std(0)
    varying = spread > 1e-6
    if not varying.any():
        return np.zeros((len(x), 1), dtype=np.float32)
    return np.asarray((x[:, varying] - x[:, varying].mean(0)) / spread[varying])


def nearest_accuracy(
    x: Float[np.ndarray, "sample dimension"], labels: Int[np.ndarray, "sample"], k: int = NEIGHBOURS
) -> dict[str, Any]:
    """Return how often the vote of a sample's `k` nearest others names its class, with Wilson's interval.

    A tie goes to the class that comes first. Copies among the samples raise it: they find each other.
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(x) - 1)
    nearest = NearestNeighbors(n_neighbors=k, algorithm="brute", n_jobs=1).fit(x).kneighbors(return_distance=False)
    votes = np.zeros((len(x), int(labels.max()) + 1), dtype=np.int64)
    np.add.at(votes, (np.repeat(np.arange(len(x)), k), labels[nearest].ravel()), 1)
    right = int((votes.argmax(1) == labels).sum())
    low, high = wilson(right, len(x))
    bounds = {"value": round(right / len(x), 6), "low": round(low, 6), "high": round(high, 6)}
    return {**bounds, "interval": "wilson", "n": len(x), "k": k}


def subset(n: int, most: int = MOST, seed: int = SEED) -> Int64[np.ndarray, "chosen"]:
    """Return at most `most` of `n` positions, drawn at random, ascending."""
    if n <= most:
        return np.arange(n, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).permutation(n)[:most]).astype(np.int64)
