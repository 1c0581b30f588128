"""How an SVM is fitted within the memory that it may use, decided before anything is computed."""

from collections.abc import Sequence
from dataclasses import dataclass

from ferlab.classic.svm.kernel import COLUMNS
from ferlab.classic.svm.pairs import MB
from ferlab.errors import FerlabError
from ferlab.memory import free_memory

# rows and columns of one block of a search's inner products
SIDE = 2048
# megabytes that an SVM may take where nobody says: half of what is left, but never less than this
LEAST = 2000


@dataclass(frozen=True)
class Plan:
    """How to go about it.

    Attributes:
        jobs: pairs of classes that are solved at once.
        keep: the classes' own blocks are kept, in place of one computation for every pair.
        whole: every pair's matrix is made whole; else libsvm computes its rows as it asks for them.
        megabytes: that it takes at most, beside the data that were handed in and the model.
    """

    jobs: int
    keep: bool
    whole: bool
    megabytes: int

    @property
    def note(self) -> str:
        """What a reader should know; empty where all is as it should be."""
        if self.whole:
            return ""
        return (
            "svm: the kernel matrix of the two largest classes did not fit into memory_mb, so libsvm computed the "
            f"kernel row by row, which is slow (it used up to {self.megabytes} MB)"
        )


def allowed(memory_mb: int | float | None) -> float:
    """Return the megabytes that a fit or search may take; None: half of what is left, 2,000 at least."""
    if memory_mb is not None:
        return float(memory_mb)
    return max(float(LEAST), (free_memory() or 0) / 2 / MB)


def plan(sizes: Sequence[int], features: int, jobs: int, memory_mb: int | float, itemsize: int = 4) -> Plan:
    """Return the fastest way that fits.

    Args:
        sizes: training rows of each class, two classes at least.
        features: of each row.
        jobs: pairs that may be solved at once.
        memory_mb: megabytes that the fit may use beside the data that were handed in and the model.
        itemsize: bytes of a number in the products: 4 or 8.

    Raises:
        FerlabError: nothing fits.
    """
    first, second = sorted(sizes)[-1:-3:-1]
    jobs = min(jobs, len(sizes) * (len(sizes) - 1) // 2)
    chunk = min(features, COLUMNS)
    # the pair's matrix in double precision and libsvm's copy in single; while it is made: a product and its parts
    pair = max(
        12 * (first + second) ** 2,
        8 * (first + second) ** 2 + (16 + itemsize) * first**2 + 4 * itemsize * first * chunk,
    )
    kept = 4 * sum(size**2 for size in sizes)
    for keep, at_once in ((True, jobs), (True, 1), (False, jobs), (False, 1)):
        need = pair * at_once + kept * keep
        if need <= memory_mb * MB:
            return Plan(at_once, keep, True, -(-need // MB))
    # rows in double precision, and again in single while they are made; what is left is libsvm's cache
    rows = 12 * (first + second) * features
    if rows + 64 * MB <= memory_mb * MB:
        return Plan(1, False, False, int(memory_mb))
    raise FerlabError(
        f"svm: memory_mb={memory_mb:g}: the kernel matrix of the two largest classes ({first} and {second} training "
        f"samples) takes {-(-pair // MB)} MB, and the rows themselves {-(-rows // MB) + 64} MB; "
        f"cure: memory_mb={-(-min(pair, rows + 64 * MB) // MB)}, fewer training samples, or fewer features"
    )


def gram_fits(samples: int, largest: int, held: int, features: int, jobs: int, memory_mb: int | float) -> bool:
    """Whether a search may hold the inner products of all its rows.

    Args:
        samples: rows in all.
        largest: training rows of the two largest classes together.
        held: rows of the largest fold.
        features: of each row.
        jobs: pairs that are solved at once.
        memory_mb: megabytes that the search may use beside the data that were handed in.
    """
    made = jobs * (12 * SIDE**2 + 8 * SIDE * min(features, COLUMNS))
    solved = jobs * (16 * largest**2 + 12 * held * largest)
    return 4 * samples**2 + max(made, solved) <= memory_mb * MB
