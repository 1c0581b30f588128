"""Where conf/ lies, how it is composed, and how an entry reports a mistyped option."""

import errno
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from ferlab.errors import FerlabError
from ferlab.mistypes import first_line, nearest, other_entry, quoted, several, wrong_choice

# names a run folder after the members of a group of which several are chosen: features=[hog,lbp] becomes hog+lbp
OmegaConf.register_new_resolver("joined", lambda chosen: "+".join(map(str, chosen or ["none"])), replace=True)

_FLAGS_WITH_VALUE = {"-c", "--cfg", "-p", "--package", "-cp", "--config-path", "-cn", "--config-name"}
_FLAGS_WITH_VALUE |= {"-cd", "--config-dir", "--experimental-rerun"}
# no right to write, a file where a folder is wanted, no room
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC, errno.EDQUOT}


def conf_dir() -> Path:
    """Return the folder of the configuration: the checkout's `conf/`, else the one the wheel carries.

    Raises:
        FerlabError: neither is there.
    """
    here = Path(__file__).resolve().parent
    for folder in (here.parents[1] / "conf", here / "conf"):
        if (folder / "train.yaml").is_file():
            return folder
    raise FerlabError(
        f"configuration: no train.yaml in {here.parents[1] / 'conf'} or {here / 'conf'}; reinstall ferlab"
    )


def compose(name: str = "train", overrides: Sequence[str] = ()) -> DictConfig:
    """Compose a configuration beside the present run's, or outside a run: for tests and notebooks.

    Args:
        name: file name in conf/ without `.yaml`.
        overrides: as on the command line, `["model=cnn4", "seed=1"]`.
    """
    if GlobalHydra.instance().is_initialized():
        return hydra.compose(name, list(overrides))
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return hydra.compose(name, list(overrides))


def plain(config: Any) -> Any:
    """Return resolved plain dicts, lists and values of a configuration node.

    Raises:
        FerlabError: a value that has no default (`???`) was not given.
    """
    if not OmegaConf.is_config(config):
        return config
    try:
        return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise FerlabError(f"configuration: {error.full_key}=... is required and was not given (see --help)") from error


def run_dir() -> Path:
    """Return the folder of the present run."""
    return Path(HydraConfig.get().runtime.output_dir)


def command(module: str, without: Sequence[str] = ()) -> str:
    """Return the command that repeats the present job, but for the keys `without`."""
    given = [one for one in overrides() if one.partition("=")[0] not in without]
    return shlex.join(["python", "-m", module, *given])


def overrides() -> list[str]:
    """Return what the present job was given, `["model=cnn4", "seed=1"]`."""
    return [str(override) for override in HydraConfig.get().overrides.task]


def name_sweep(entry_name: str) -> None:
    """Name the present job's runs as one sweep, so that trackers put them into one group."""
    os.environ.setdefault("FERLAB_SWEEP", f"{entry_name} {datetime.now():%Y-%m-%d %H-%M-%S}")


def refuse_parallel_sweep(config: dict[str, Any]) -> None:
    """Refuse a multirun whose jobs would each start several processes: those would repeat the whole sweep.

    A launcher that starts each job by itself (submitit on a cluster, say) is no such case.

    Raises:
        FerlabError: a multirun under Hydra's own launcher with more than one device or machine.
    """
    hydra_config = HydraConfig.get()
    if hydra_config.mode != RunMode.MULTIRUN or "BasicLauncher" not in str(hydra_config.launcher.get("_target_")):
        return
    devices, nodes = config["trainer"]["devices"], config["trainer"]["num_nodes"]
    if isinstance(devices, str | list) or devices == -1 or devices * nodes > 1:
        raise FerlabError(
            f"-m with trainer.devices={devices} and trainer.num_nodes={nodes}: each process of a job would start the "
            "whole sweep again, so it is refused; cure: trainer.devices=1, or one command a combination (a shell "
            "loop), or a Hydra launcher that starts each job by itself (hydra/launcher=submitit_slurm)"
        )


def entry(name: str, task: Callable[[dict[str, Any]], object]) -> None:
    """Run `task` as a command-line entry on the plain values of conf/<name>.yaml.

    Mistakes of the user (mistyped option or key, `FerlabError`) end in one message on standard error and exit
    status 2; anything else is a defect and shows its traceback.
    """
    # Hydra then raises instead of printing, and the message below can list what exists
    os.environ["HYDRA_FULL_ERROR"] = "1"

    def run(config: DictConfig) -> None:
        # caught here already, else Hydra would announce it in its own words
        with _told(name):
            task(plain(config))

    if said := wrong_choice(sys.argv[1:], name, conf_dir()):
        _fail(f"configuration: {said}")
    if {"-m", "--multirun"} & set(sys.argv[1:]):
        # one name for all jobs of a multirun, wherever its launcher runs them: trackers put them into one group
        os.environ["FERLAB_SWEEP"] = f"{name} {datetime.now():%Y-%m-%d %H-%M-%S}"
    # Hydra names the job, and so its folder, after the entry's module
    run.__module__ = task.__module__
    try:
        with _told(name):
            hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name=name)(run)()
    except KeyboardInterrupt:
        _fail("interrupted", status=130)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """End with one message what the user can mend."""
    try:
        yield
    except FerlabError as error:
        _fail(str(error))
    except (HydraException, OmegaConfBaseException) as error:
        _fail(explain(error, name))
    except OSError as error:
        if error.errno not in _CLOSED:
            raise
        _fail(f"{error.filename}: {error.strerror}; cure: a folder that you may write to, on a disk with room")


def positional(name: str, many: bool = True) -> None:
    """Let an entry take `name` as bare words: `compare A B` becomes `runs=['A','B']` before Hydra reads the words.

    Bare is a word without "=" that is no flag and no value of one; a file or folder that exists is bare as well,
    whatever its name. Call it before `entry`.

    Args:
        name: the key that the words fill.
        many: they fill a list; else one word is expected.
    """
    words, rest, waiting = [], [], False
    for word in sys.argv[1:]:
        deletion = word.startswith("~") and not word.startswith("~/")
        if waiting or word.startswith("-") or deletion or ("=" in word and not Path(word).exists()):
            rest.append(word)
        else:
            words.append(word)
        waiting = word in _FLAGS_WITH_VALUE and not waiting
    if not words:
        return
    if any(word.partition("=")[0] == name for word in rest):
        _fail(f"{name}: given twice, as {words[0]!r} and as {name}=...; cure: leave out one of them")
    if not many and len(words) > 1:
        _fail(f"{name}: expected one, found {len(words)}: {shlex.join(words)}")
    words = [quoted(word) for word in words]
    sys.argv[1:] = [*rest, f"{name}=[{','.join(words)}]" if many else f"{name}={words[0]}"]


def verbatim(*names: str) -> None:
    """Let an entry take the values of these keys as they stand, signs, blanks and umlauts included.

    Call it before `entry`.
    """
    for i, word in enumerate(sys.argv[1:], start=1):
        key, _, value = word.partition("=")
        if key in names and value and value[0] not in "['\"" and value != "null":
            sys.argv[i] = f"{key}={quoted(value)}"


def explain(error: BaseException, name: str) -> str:
    """Turn a composition error into one message that lists what exists."""
    if isinstance(error, OverrideParseException):
        key, sign, value = str(error.override).partition("=")
        cure = f"; cure, where the value is text: {shlex.quote(f'{key}={quoted(value)}')}" if sign and value else ""
        return f"configuration: cannot read {error.override!r}; expected key=value ({first_line(error)}){cure}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, wanted = str(error.missing_cfg_file).partition("/")
        folder = conf_dir() / group
        options = sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.yaml"))
        if options:
            return (
                f"configuration: no option {wanted!r} in group {group}{nearest(wanted, options)}\n"
                f"what exists there: {', '.join(options)}"
            )
    if said := other_entry(str(error), name, conf_dir()) or several(str(error), name, conf_dir()):
        return f"configuration: {said}"
    cause = error.__cause__ if isinstance(error, ConfigCompositionException) else error
    if isinstance(cause, ConfigKeyError | AttributeError) and getattr(cause, "full_key", None):
        wanted = str(getattr(cause, "full_key", ""))
        parent = getattr(cause, "parent_node", None)
        keys = [str(key) for key in parent] if isinstance(parent, DictConfig) else []
        where = wanted.rpartition(".")[0]
        if not where:
            keys = [key for key in keys if key != "hydra"]
        return (
            f"configuration: no key {wanted!r} in {where or name + '.yaml'}"
            f"{nearest(wanted.rpartition('.')[2], keys)}\n"
            f"what exists there: {', '.join(sorted(keys))}\n"
            f"(to add a key of your own: +{wanted}=...; to see the whole configuration: --cfg job)"
        )
    lines = [str(error).strip()]
    if cause is not None and cause is not error:
        lines.append(str(cause).strip())
    return "configuration: " + "\n".join(lines)


def _fail(message: str, status: int = 2) -> None:
    sys.stderr.write(f"\nferlab: {message}\n")
    sys.exit(status)
