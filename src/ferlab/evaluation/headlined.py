"""What a report begins with: the measure that stands first for such data, beside what constant answers reach."""

from typing import Any

from ferlab.evaluation.words import MEASURES, estimate, headline, number


def sentence(test: dict[str, Any], data: dict[str, Any]) -> str:
    """Return the first lines of a report.

    Args:
        test: what stands under "test" in metrics.json.
        data: what stands under "data".
    """
    name, guess = headline(data.get("modality")), test["majority"]
    text = f"**Test {MEASURES[name]} {estimate(test[name], name)}, n = {test['n']:,}.**"
    if name != "accuracy":
        # what a constant answer recalls: one class whole, the others not at all
        occur = len(test["labels"]) - len(test["absent"])
        text += f" Any constant answer gives {number(1 / occur, name)}. Accuracy {estimate(test['accuracy'], name)}."
    return (
        f"{text} Always answering *{guess['label']}*, the largest class, gives "
        f"{'an accuracy of ' * (name != 'accuracy')}{number(guess['accuracy']['value'], 'accuracy')}. In brackets, "
        "here and below: 95 % intervals over test samples; another training run would move the figures too."
    )
