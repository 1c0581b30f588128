"""Several seeds of one configuration: mean, standard deviation and Student's 95 % interval of the mean.

Source: Student, Biometrika 6 (1908). Seeds are the units here, so the interval speaks of other training runs on the
same test samples, where a run's own interval speaks of other test samples for the same training run.
"""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from ferlab.errors import FerlabError
from ferlab.evaluation.intervals import LEVEL


def over_seeds(values: Sequence[float | int], level: float = LEVEL) -> dict[str, float | int | None]:
    """Return the mean over runs that differ in their seed alone, and how sure it is.

    Args:
        values: one figure a run, in any unit.
        level: of the interval.

    Returns:
        {"mean", "sd", "low", "high", "n"} in the unit of `values`; sd is the sample's (n - 1), low and high bound the
        mean. One run tells nothing about others: sd, low and high are then None. The interval may leave the range
        of the measure (beyond 1, say): it is Student's, and few seeds make it wide.

    Raises:
        FerlabError: no value, or one that is not finite.
    """
    if not values:
        raise FerlabError("over seeds: expected the figure of one run or more, found none")
    if not all(map(math.isfinite, values)):
        raise FerlabError(f"over seeds: expected finite figures, found {list(values)}")
    n, mean = len(values), fmean(values)
    if n == 1:
        return {"mean": mean, "sd": None, "low": None, "high": None, "n": 1}
    from scipy.stats import t

    sd = stdev(values)
    half = float(t.ppf(0.5 + level / 2, n - 1)) * sd / math.sqrt(n)
    return {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half, "n": n}
