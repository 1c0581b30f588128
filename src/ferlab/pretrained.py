"""Starting from trained weights: timm's published ones, a weights file, or a checkpoint of another run."""

import hashlib
import importlib
import os
import pickle
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.utilities import rank_zero_only
from torch import Tensor, nn

from ferlab import checkpoint
from ferlab.errors import FerlabError
from ferlab.models import backbones
from ferlab.models.timm_net import TimmNet
from ferlab.task import Task
from ferlab.transforms.text import FIRST, Text

KINDS = (".safetensors", ".pth", ".pt", ".ckpt")
HUB = "huggingface.co"


def start_from(task: Task, pretrained: bool | str | None) -> dict[str, Any] | None:
    """Put trained weights into a new task's network, in place, and print what was loaded in one line.

    Of a timm model the backbone is filled, of any other model everything but `head`, its outputs: the labels may be
    others. A first convolution for grey images is filled from one for RGB by adding up its channels, one for RGB from
    one for grey by a third for each: an RGB image of three equal channels gives what the grey one gave. Of a model for
    texts each word gets the row that it had in the other vocabulary; words that it lacked keep their own.

    Args:
        task: the task; what was loaded also goes into its facts, and so into its checkpoints.
        pretrained: None, False: nothing. True: timm's weights for the backbone, downloaded once. A path: .safetensors
            or .pth with a network's tensors, or a .ckpt that ferlab.train wrote.

    Returns:
        What was loaded: `source`, `file`, `sha256` (first 12 digits), `loaded` and `new` (numbers of tensors).

    Raises:
        FerlabError: no weights to be had, a file that cannot be read, or weights that do not fit.
    """
    if pretrained is None or pretrained is False:
        return None
    net = task.net
    part: nn.Module = net.backbone if isinstance(net, TimmNet) else net
    path = None if pretrained is True else Path(str(pretrained))
    if path is None:
        state, source = _published(task)
    else:
        state, source = _read(path, net)
    mine = {name: value for name, value in part.state_dict().items() if part is not net or name[:5] != "head."}
    if path is not None and path.suffix == ".ckpt" and isinstance(task.preprocess, Text):
        state, source = _by_word(state, source, mine, path, task.preprocess)
    chosen = _fitting(state, mine, source)
    part.load_state_dict(chosen, strict=False)
    facts = {
        "source": source,
        "file": None if path is None else str(path),
        "sha256": None if path is None else _digest(path),
        "loaded": len(chosen),
        "new": len(net.state_dict()) - len(chosen),
    }
    task.hparams["facts"] = {**(task.hparams["facts"] or {}), "pretrained": facts}
    if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        print(describe(facts), flush=True)
    return facts


def describe(facts: Mapping[str, Any]) -> str:
    """Say in one line where a network's first weights came from."""
    digest = f", sha256 {facts['sha256']}" if facts["sha256"] else ""
    return f"starts from {facts['source']}{digest}: {facts['loaded']} tensors loaded, {facts['new']} new"


def _published(task: Task) -> tuple[dict[str, Tensor], str]:
    net = task.net
    if not isinstance(net, TimmNet):
        raise FerlabError(
            f"model.pretrained=true: nobody publishes weights of {type(net).__name__}; it is for timm models "
            "(model=timm, resnet50 ...); cure: model.pretrained=<a .ckpt of this model>, or null"
        )
    values = task.hparams["model"]["net"]
    constants: Any = importlib.import_module("huggingface_hub.constants")  # comes with timm
    before = constants.HF_HUB_OFFLINE
    # without a network the hub would try again for most of a minute before it looks into its cache
    constants.HF_HUB_OFFLINE = before or not _resolves(HUB)
    try:
        made = backbones.create(net.name, _shape(task), values.get("pool"), values.get("options"), pretrained=True)
    except FerlabError:
        raise
    except Exception as error:
        if "No pretrained weights exist" in str(error):
            raise FerlabError(
                f"model.pretrained=true: timm publishes no weights of {net.name}; cure: model.pretrained=false, "
                "or another backbone"
            ) from error
        raise FerlabError(
            f"model.pretrained=true: the weights of {net.name} are not in the cache and {HUB} cannot be reached "
            f"({type(error).__name__}); cure: model.pretrained=<local file> with weights from another machine, "
            "or model.pretrained=false for random ones"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = before
    return made.state_dict(), f"timm's published weights of {net.name}"


def _shape(task: Task) -> tuple[int, int, int]:
    shape: Any = task.preprocess.output_shape
    channels, height, width = shape
    return channels, height, width


def _resolves(host: str) -> bool:
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HF_ENDPOINT")):
        return True
    try:
        return bool(socket.getaddrinfo(host, 443))
    except OSError:
        return False


def _read(path: Path, net: nn.Module) -> tuple[dict[str, Tensor], str]:
    """Return a file's tensors under the names that the network, or its backbone, gives them, and what the file is."""
    if path.suffix not in KINDS:
        raise FerlabError(f"model.pretrained: expected true, false or a file {', '.join(KINDS)}; found {str(path)!r}")
    if not path.is_file():
        raise FerlabError(f"model.pretrained: no file {path}")
    if path.suffix == ".ckpt":
        return _of_run(path, net)
    from timm.models import load_state_dict

    try:
        state = load_state_dict(str(path), weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FerlabError(f"model.pretrained: {path} cannot be read as tensors by name ({reason})") from error
    except Exception as error:  # safetensors has an error class of its own
        raise FerlabError(f"model.pretrained: {path} cannot be read as tensors by name ({error})") from error
    state = {name: value for name, value in state.items() if isinstance(value, Tensor)}
    for prefix in ("net.", "backbone."):
        if state and all(name.startswith((prefix, "head.")) for name in state):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    if isinstance(net, TimmNet):
        # timm's own translation of the names and shapes that others give the same network
        translate = getattr(sys.modules[type(net.backbone).__module__], "checkpoint_filter_fn", None)
        state = translate(state, net.backbone) if translate else state
    return state, f"the file {path.name}"


def _of_run(path: Path, net: nn.Module) -> tuple[dict[str, Tensor], str]:
    stored = checkpoint.read(path)
    values = stored["hyper_parameters"]
    facts = values.get("facts") or {}
    theirs = values["model"]["net"]
    source = f"{facts.get('name', path.stem)} trained on {facts.get('data', {}).get('name', 'unknown data')}"
    state = {name.removeprefix("net."): v for name, v in stored["state_dict"].items() if name.startswith("net.")}
    if not isinstance(net, TimmNet):
        return state, source
    there = str(theirs.get("backbone"))
    if there.partition(".")[0] != net.name.partition(".")[0]:
        raise FerlabError(
            f"model.pretrained: {path} holds {there if 'backbone' in theirs else source}, this model's backbone is "
            f"{net.name}; cure: model.backbone={there if 'backbone' in theirs else '...'}, or another checkpoint"
        )
    return {name.removeprefix("backbone."): v for name, v in state.items() if name.startswith("backbone.")}, source


def _by_word(
    state: Mapping[str, Tensor], source: str, mine: Mapping[str, Tensor], path: Path, front: Text
) -> tuple[dict[str, Tensor], str]:
    """Move what belongs to words from another vocabulary's rows to ours; return also how many words it had."""
    theirs = checkpoint.read(path)["hyper_parameters"]["model"]["preprocess"].get("vocabulary")
    ours = front.vocabulary
    if theirs is None or ours is None or theirs == ours:
        return dict(state), source
    places = {word: row for row, word in enumerate(theirs, FIRST)}
    shared = [(row, places[word]) for row, word in enumerate(ours, FIRST) if word in places]
    rows = torch.tensor([(row, row) for row in range(FIRST)] + shared)
    before, now = len(theirs) + FIRST, len(ours) + FIRST
    moved = dict(state)
    for name, value in state.items():
        sizes = zip(value.shape, mine[name].shape if name in mine else (), strict=False)
        axis = next((i for i, pair in enumerate(sizes) if pair == (before, now)), None)
        if axis is not None:
            moved[name] = mine[name].to(value).index_copy(axis, rows[:, 0], value.index_select(axis, rows[:, 1]))
    return moved, f"{source}, which knows {len(shared):,} of {len(ours):,} words"


def _fitting(state: Mapping[str, Tensor], mine: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Return what fits of trained tensors, a first convolution adapted to grey or RGB."""
    common = {name: _channels(state[name], mine[name]) for name in mine if name in state}
    if not common:
        raise FerlabError(
            f"model.pretrained: {source} and this model have no tensor in common; theirs begin {_some(state)}, "
            f"ours {_some(mine)}"
        )
    other = [name for name, value in common.items() if value.shape != mine[name].shape]
    if other:
        shapes = "; ".join(f"{name} {tuple(state[name].shape)}, here {tuple(mine[name].shape)}" for name in other[:5])
        more = f"; and {len(other) - 5} more" if len(other) > 5 else ""
        raise FerlabError(
            f"model.pretrained: {len(other)} tensors of {source} have another shape: {shapes}{more}; cure: give this "
            "model the same options and model.preprocess.size as that one had"
        )
    return common


def _channels(theirs: Tensor, mine: Tensor) -> Tensor:
    if theirs.ndim != 4 or theirs.shape[0] != mine.shape[0] or theirs.shape[2:] != mine.shape[2:]:
        return theirs
    if (theirs.shape[1], mine.shape[1]) == (3, 1):
        return theirs.sum(dim=1, keepdim=True)
    if (theirs.shape[1], mine.shape[1]) == (1, 3):
        return theirs.expand(-1, 3, -1, -1) / 3
    return theirs


def _some(tensors: Mapping[str, Any]) -> str:
    return ", ".join(list(tensors)[:3]) or "with nothing"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
