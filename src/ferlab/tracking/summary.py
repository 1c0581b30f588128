"""What a tracker keeps of a finished run: its figures with their intervals, its tags, as plain values."""

from typing import Any

from ferlab.evaluation.verdict import compare
from ferlab.evaluation.words import MEASURES

TAG_LENGTH = 64
TRAINING = ("epochs", "seconds", "samples_per_second", "peak_memory_mb", "precision", "device", "interrupted")


def summary(result: dict[str, Any], training: dict[str, Any]) -> dict[str, Any]:
    """Flatten a run's figures: "test/accuracy", "test/accuracy_low", "test/accuracy_high", "test/recall/happy", ...

    Args:
        result: what stands in metrics.json.
        training: what stands in training.json.

    Returns:
        Plain values of the validation and test rows of the chosen checkpoint, those with test-time augmentation
        below "tta/", calibration errors as trained ("test/ece") and at the temperature ("test/calibrated/ece"), and
        what a reader must know of them: "synthetic", "marks", "protocol". Undefined figures are left out.
    """
    protocol, chosen = result["protocol"], result["checkpoint"]
    out: dict[str, Any] = {
        "synthetic": bool(result["data"].get("synthetic")),
        "marks": "; ".join(protocol.get("marks", [])),
        "protocol": f"{protocol['name']} {protocol.get('hash', '')}".strip(),
        "selection": protocol.get("selection"),
        "chosen_epoch": chosen.get("chosen_epoch"),
    }
    for split in ("val", "test"):
        out |= _split(result[split], split)
        if result.get("tta"):
            out |= _split(result["tta"][split], f"tta/{split}")
    out |= _calibration(result.get("calibration"))
    verdict = compare(result)
    if verdict:
        out |= {"document/row": verdict["row"], "document/reported": verdict["reported"]}
        out["document/verdict"] = verdict["verdict"]
    out |= {f"training/{name}": training.get(name) for name in TRAINING}
    return {name: value for name, value in out.items() if value is not None}


def tags(result: dict[str, Any]) -> list[str]:
    """Return the tags of a run: its data set and protocol, "synthetic", and the protocol's marks without their reasons.

    W&B takes tags of 1 to 64 characters.
    """
    data, protocol = result["data"], result["protocol"]
    words = [data["name"], protocol["name"], *(["synthetic"] if data.get("synthetic") else [])]
    words += [str(mark).partition(":")[0] for mark in protocol.get("marks", [])]
    return [word[:TAG_LENGTH] for word in dict.fromkeys(words) if word]


def _split(measures: dict[str, Any], prefix: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        f"{prefix}/n": measures["n"],
        f"{prefix}/majority": measures["majority"]["accuracy"]["value"],
    }
    for name in (*MEASURES, *(f"top{k}" for k in range(2, len(measures["labels"])))):
        out |= _estimate(measures.get(name), f"{prefix}/{name}")
    for label, one in measures["per_class"].items():
        out |= _estimate(one["recall"], f"{prefix}/recall/{label}") | _estimate(one["f1"], f"{prefix}/f1/{label}")
    for label, one in measures.get("traits", {}).items():
        for name in ("accuracy", "balanced_accuracy", "f1", "auroc"):
            out |= _estimate(one[name], f"{prefix}/{name}/{label}")
        out[f"{prefix}/majority/{label}"] = one["majority"]["accuracy"]["value"]
        out[f"{prefix}/verdict/{label}"] = one["verdict"]
    return out


def _calibration(found: dict[str, Any] | None) -> dict[str, Any]:
    if found is None:
        return {}
    out: dict[str, Any] = {"calibration/temperature": found["temperature"]["value"]}
    for when, prefix in (("before", "test"), ("after", "test/calibrated")):
        for name in ("ece", "brier", "nll"):
            out |= _estimate(found["test"][when][name], f"{prefix}/{name}")
    out |= _estimate(found["selective"]["test"]["aurc"], "test/calibrated/aurc")
    for one in found["selective"]["wished"]:
        kept = one["guaranteed"]["test"]
        out |= _estimate(kept and kept["coverage"], f"test/calibrated/coverage at error {one['wished']:g}")
    return out


def _estimate(found: dict[str, Any] | None, name: str) -> dict[str, Any]:
    if found is None:
        return {}
    return {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
