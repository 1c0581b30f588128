"""What the callbacks `throughput` and `memory` measured, and what a classic run took, in words for the report."""

from typing import Any

from ferlab.evaluation.words import duration


def lines(training: dict[str, Any], samples: str = "images") -> dict[str, str | None]:
    """Return the report's lines by their head; None where nothing was measured.

    Args:
        training: what stands in training.json.
        samples: what the samples are called.
    """
    return {
        "a middle epoch": _speed(training.get("throughput"), samples),
        "weights and optimizer": _memory(training.get("memory")),
        **_classic(training, samples),
    }


def _classic(training: dict[str, Any], samples: str) -> dict[str, str | None]:
    if "features_seconds" not in training:
        return {}
    search, predicted = training["search_seconds"], training["predicted_per_second"]
    return {
        "features": f"{duration(training['features_seconds'])}, those from the cache included",
        "search": None if search is None else duration(search),
        "fit": duration(training["fit_seconds"]),
        "prediction": f"{duration(training['predict_seconds'])} for test, {predicted:,.0f} {samples}/s, features aside",
        "parameters and multiply-adds": training["size_reason"],
    }


def _speed(found: dict[str, Any] | None, samples: str) -> str | None:
    if not found:
        return None
    share = 100 * found["waiting_share"]
    return (
        f"{found['samples_per_second']:,.0f} {samples}/s without validation, {share:.1f} % of the time waiting for "
        f"data (median of {found['epochs']} epochs)"
    )


def _memory(found: dict[str, Any] | None) -> str | None:
    if not found:
        return None
    weights = " + ".join(f"{size:,.2f} MB {name}" for name, size in found["weights_mb"].items() if size)
    peak = max(found["peak_mb"])
    return (
        f"{found['parameters']:,} parameters, {found['trainable']:,} of them trained; {weights}; optimizer "
        f"{found['optimizer_mb']:,.2f} MB; peak of the {found['peak_of']} {peak:,} MB in epoch "
        f"{found['peak_mb'].index(peak) + 1}"
    )
