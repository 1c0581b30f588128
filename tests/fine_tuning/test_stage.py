"""Reading stages from a configuration."""

from typing import Any

import pytest

from ferlab.config import compose, conf_dir, plain
from ferlab.errors import FerlabError
from ferlab.fine_tuning.stage import Stage, changed, left, read

OPTIONS = sorted(path.stem for path in (conf_dir() / "fine_tuning").glob("*.yaml"))


def values(*overrides: str) -> dict[str, Any]:
    found: dict[str, Any] = plain(compose("train", list(overrides)))["fine_tuning"]
    return found


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_reads(option: str) -> None:
    stages = read(values(f"fine_tuning={option}"))
    assert len(stages) == (2 if option == "two_stages" else 1)


def test_nothing_said_is_one_stage_without_an_end() -> None:
    assert read(None) == read({}) == (Stage(),)
    assert read(values()) == (Stage(freeze=[], unfreeze=[], groups=[]),)


def test_a_models_own_freezing_holds_unless_another_is_chosen() -> None:
    (stage,) = read(values("model=resnet50_frozen"))
    assert stage.freeze == ["backbone"] and list(stage.unfreeze) == [
        "backbone.layer4.2.conv3",
        "backbone.layer4.2.bn3",
    ]
    (stage,) = read(values("model=resnet50_frozen", "fine_tuning=frozen"))
    assert stage.freeze == ["*"] and stage.unfreeze == ["head"]


def test_stages_take_what_they_do_not_say_from_above_and_the_command_line_reaches_into_them() -> None:
    head, everything = read(
        values(
            "fine_tuning=two_stages",
            "fine_tuning.stages.head.max_epochs=7",
            "fine_tuning.layer_decay=0.75",
            "+fine_tuning.stages.head.layer_decay=1",
        )
    )
    assert (head.name, head.max_epochs, head.layer_decay) == ("head", 7, 1)
    assert (everything.name, everything.max_epochs, everything.layer_decay) == ("all", None, 0.75)
    assert everything.freeze == [] and head.monitor == "val/accuracy" and head.mode == "max"
    (alone,) = read(values("fine_tuning=two_stages", "fine_tuning.stages.head=null"))
    assert alone.name == "all"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"frieze": []}, "no key 'frieze'; did you mean 'freeze'"),
        ({"stages": {"a": {"patients": 1}}}, "stages.a: no key 'patients'; did you mean 'patience'"),
        ({"stages": {"a": {}, "b": {}}}, "stages.a never ends; give it max_epochs or patience"),
        ({"stages": {"a": {"max_epochs": 0}}}, "stages.a.max_epochs: expected a whole number from 1 on"),
        ({"layer_decay": 1.5}, "layer_decay: expected a factor in"),
        ({"gradual": 0}, "gradual"),
        ({"stages": {"a": {"mode": "most"}}}, "mode: expected min or max"),
        ({"groups": [{"weight_decay": 0.1}]}, "groups: expected match"),
        ({"groups": [{"match": "head", "lr": 0.1}]}, "groups: expected match"),
    ],
)
def test_mistakes_are_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(FerlabError, match=said):
        read(wrong)


def test_the_stages_sum_up_unless_the_training_is_shorter() -> None:
    stages = read({"stages": {"a": {"max_epochs": 30}, "b": {"max_epochs": 20}}})
    assert [left(stages, 0, limit) for limit in (50, 60, -1, 10)] == [50, 50, 50, 10]
    assert left(stages[1:], 14, 50) == 34
    assert left(read({"stages": {"a": {"max_epochs": 30}, "b": {}}}), 0, 40) == 40


def test_a_stages_optimizer_is_another_or_the_runs_with_changes() -> None:
    run = {"_target_": "torch.optim.Adam", "_partial_": True, "lr": 1.0}
    assert changed(run, None) == run
    assert changed(run, {"lr": 0.5}) == changed(run, {**run, "lr": 0.5}) == {**run, "lr": 0.5}
    sgd = {"_target_": "torch.optim.SGD", "lr": 0.1}
    assert changed(run, sgd) == {**sgd, "_partial_": True}
    assert changed(run, {}) == {} == changed({}, None)
    with pytest.raises(FerlabError, match="the run has none"):
        changed({}, {"patience": 3})
