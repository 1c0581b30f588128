"""What a report begins with: the measure that stands first for such data, beside what constant answers reach."""

from typing import Any

from ferlab.evaluation.pages.trait_words import counted
from ferlab.evaluation.words import MEASURES, estimate, headline, number

BRACKETS = (
    "In brackets, here and below: 95 % intervals over test samples; another training run would move the figures too."
)


def sentence(test: dict[str, Any], data: dict[str, Any]) -> str:
    """Return the first lines of a report.

    Args:
        test: what stands under "test" in metrics.json.
        data: what stands under "data".
    """
    name, guess = headline(data.get("modality")), test["majority"]
    if "traits" in test:
        return (
            f"**Test accuracy, mean of {len(test['traits'])} labels, {estimate(test[name], name)}, "
            f"n = {test['n']:,}.** Always answering the larger side of each label gives "
            f"{number(guess['accuracy']['value'], name)}. Told above chance: {counted(test)}. {BRACKETS}"
        )
    text = f"**Test {MEASURES[name]} {estimate(test[name], name)}, n = {test['n']:,}.**"
    if name != "accuracy":
        # what a constant answer recalls: one class whole, the others not at all
        occur = len(test["labels"]) - len(test["absent"])
        text += f" Any constant answer gives {number(1 / occur, name)}. Accuracy {estimate(test['accuracy'], name)}."
    return (
        f"{text} Always answering *{guess['label']}*, the largest class, gives "
        f"{'an accuracy of ' * (name != 'accuracy')}{number(guess['accuracy']['value'], 'accuracy')}. {BRACKETS}"
    )
