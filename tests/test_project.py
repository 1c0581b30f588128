"""The project as a whole: imports run downwards, the wheel is complete, the lock and the README are true."""

import ast
import importlib
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from packaging.requirements import Requirement

from ferlab.config import compose

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
MODULES = {".".join(path.relative_to(SRC).with_suffix("").parts): path for path in sorted(SRC.rglob("*.py"))}

# A file imports from its own room and from lower floors; on its own floor too, as long as there is no circle.
FLOORS = (
    {"errors", "spec"},
    {
        "allocator",
        "build",
        "cache",
        "folder",
        "losses",
        "memory",
        "metrics",
        "mistypes",
        "optim",
        "precision",
        "profiler",
        "progress",
        "schedules",
        "sync_norm",
    },
    {"fine_tuning", "models", "transforms", "features", "text"},
    {"answering", "task", "data", "evaluation", "explain", "checkpoint", "tracking"},
    {
        "answers",
        "auditing",
        "callbacks",
        "conclude",
        "config",
        "embedding",
        "embedding_source",
        "fetching",
        "finish",
        "network_files",
        "pretrained",
        "reporting",
        "resume",
        "summarise",
    },
    {"trainer"},
    {"run", "classic"},
    {"prediction", "repeat", "studies"},
)
# rooms that have rooms, from below; "": files of their own
WITHIN = {"evaluation": ("", "figures", "looking", "pages"), "classic": ("svm", "")}
HYDRA = {"ferlab.config", "ferlab.build", "ferlab.checkpoint"}
SLOW_TO_IMPORT = {
    "torch",
    "torchvision",
    "torchmetrics",
    "pytorch_lightning",
    "cv2",
    "matplotlib",
    "pyarrow",
    "scipy",
    "timm",
}


def imports(path: Path, everywhere: bool = True) -> Iterator[str]:
    """Dotted names that a file imports; with `everywhere=False` only those that run when it is imported."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if everywhere or not (lazy or typing_only):
            pending.extend(ast.iter_child_nodes(node))


def module_of(name: str) -> str | None:
    """The file of ferlab that a dotted name comes from, as a key of MODULES."""
    while name:
        for candidate in (name, f"{name}.__init__"):
            if candidate in MODULES:
                return candidate
        name = name.rpartition(".")[0]
    return None


@cache
def inner(path: Path, everywhere: bool = True) -> set[str]:
    return {module for name in imports(path, everywhere) if (module := module_of(name))}


def room(module: str) -> str:
    return module.split(".")[1]


@cache
def entries() -> set[str]:
    return {name for name, path in MODULES.items() if '__name__ == "__main__"' in path.read_text(encoding="utf-8")}


def floor(module: str) -> int:
    if module in entries():
        return len(FLOORS)
    if room(module) == "__init__":
        return 0
    found = [number for number, rooms in enumerate(FLOORS) if room(module) in rooms]
    assert found, f"{module}: give {room(module)!r} a floor in {Path(__file__).name}"
    return found[0]


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_downwards(module: str) -> None:
    above = {other for other in inner(MODULES[module]) if room(other) != room(module) and floor(other) > floor(module)}
    assert not above, f"{module} imports from a higher floor: {sorted(above)}"
    assert module not in entries() or not inner(MODULES[module]) & (entries() - {module}), "entries do not share code"


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) in WITHIN and name.count(".") > 1])
def test_imports_run_downwards_within_a_room(module: str) -> None:
    own = room(module)

    def step(name: str) -> int:
        part = name.split(".")[2]
        return WITHIN[own].index(part) if part in WITHIN[own] else WITHIN[own].index("")

    above = {other for other in inner(MODULES[module]) if room(other) == own and step(other) > step(module)}
    assert not above, f"{module} imports from above: {sorted(above)}"


def test_no_import_circles() -> None:
    # raises CycleError
    tuple(TopologicalSorter({name: inner(path) - {name} for name, path in MODULES.items()}).static_order())


@pytest.mark.parametrize("module", MODULES)
def test_frameworks_stay_in_their_rooms(module: str) -> None:
    packages = {name.split(".")[0] for name in imports(MODULES[module])}
    if room(module) in {"models", "transforms", "features", "losses", "metrics", "spec", "errors"}:
        assert not packages & {"pytorch_lightning", "lightning"}
    if module not in HYDRA | entries():
        assert not packages & {"hydra", "omegaconf"}


def test_entries_import_nothing_slow_before_the_options_are_read() -> None:
    pending, seen = list(entries()), set()
    while pending:
        module = pending.pop()
        seen.add(module)
        slow = {name.split(".")[0] for name in imports(MODULES[module], everywhere=False)} & SLOW_TO_IMPORT
        assert not slow, f"{module} imports {slow} before the options are read"
        pending += inner(MODULES[module], everywhere=False) - seen


def test_names_and_sizes() -> None:
    parts = {part for name in MODULES for part in name.split(".")}
    assert not parts & {"utils", "helpers", "common", "manager", "engine", "registry", "base"}
    long = {name: lines for name, path in MODULES.items() if (lines := path.read_text().count("\n")) > 250}
    assert not long, f"longer than about 200 lines: {long}"


def test_lock_has_names_versions_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    entry = re.compile(r"^[a-z0-9-]+==\S+( ; [^\\\n]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", re.MULTILINE)
    assert entry.sub("", lock) == "", "a line that is neither name==version nor a hash"


def test_lock_satisfies_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    wanted += [line for extra in project["project"]["optional-dependencies"].values() for line in extra]
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    for requirement in map(Requirement, wanted):
        assert requirement.name in locked, f"{requirement} is not in the lock: make lock"
        assert requirement.specifier.contains(locked[requirement.name]), f"{requirement}: make lock"


def test_wheel_carries_the_code_the_configuration_and_the_licence(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    configuration = {
        f"ferlab/conf/{path.relative_to(ROOT / 'conf').as_posix()}" for path in ROOT.glob("conf/**/*.yaml")
    }
    code = {path.relative_to(SRC).as_posix() for path in MODULES.values()}
    # what lies beside the code: the report's page
    code |= {path.relative_to(SRC).as_posix() for path in SRC.rglob("*") if path.suffix in {".html", ".css", ".js"}}
    assert configuration and configuration | code | {"ferlab/py.typed"} <= names
    rest = {name for name in names if not name.startswith("ferlab/")}
    assert any(name.endswith("licenses/LICENSE") for name in rest)
    assert all(".dist-info/" in name for name in rest)


def readme_commands() -> list[list[str]]:
    """The commands in README's bash blocks, as words, without assignments and comments."""
    blocks = re.findall(r"^```bash\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return [words for line in "".join(blocks).splitlines() if (words := shlex.split(line, comments=True))]


def test_readme_make_commands_are_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in readme_commands() if words[0] == "make"}
    assert {"train", "test", "check", "setup"} <= named <= targets
    listed = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert all(f"make {target} " in listed for target in targets)


@pytest.mark.parametrize("words", [words for words in readme_commands() if words[0] == "python"], ids=" ".join)
def test_readme_commands_compose(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    dash_m, module, *options = words[1:]
    assert dash_m == "-m" and module in entries()
    # as the entry hands them to Hydra: runs may be bare words
    monkeypatch.setattr(sys, "argv", [module, *options])
    monkeypatch.setattr(f"{module}.entry", lambda *_: None)
    importlib.import_module(module).main()
    options = sys.argv[1:]
    overrides = OverridesParser.create().parse_overrides([option for option in options if option != "-m"])
    assert ("-m" in options) == any(override.is_sweep_override() for override in overrides)
    # of a sweep, its first job
    first = [
        f"{o.key_or_group}={next(o.sweep_string_iterator())}" if o.is_sweep_override() else o.input_line
        for o in overrides
    ]
    assert compose(module.rpartition(".")[2], first)


def test_readme_paths_exist() -> None:
    paths = re.findall(r"\]\(([^):]+)\)", (ROOT / "README.md").read_text())
    assert paths and not [path for path in paths if not (ROOT / path).exists()]


def test_repository_holds_no_data_and_no_weights() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    forbidden = {
        ".ckpt",
        ".pt",
        ".pth",
        ".onnx",
        ".safetensors",
        ".parquet",
        ".npy",
        ".npz",
        ".zip",
        ".gz",
        ".h5",
        ".jpg",
    }
    assert not [str(path) for path in files if path.suffix.lower() in forbidden]
    assert not [str(path) for path in files if path.stat().st_size > 2**20]


def test_every_package_the_code_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + [line for extra in project["optional-dependencies"].values() for line in extra]
    names = {Requirement(line).name.lower().replace("-", "_") for line in declared}
    imported = {name.split(".")[0] for path in MODULES.values() for name in imports(path)}
    distribution = {
        "cv2": "opencv_python_headless",
        "hydra": "hydra_core",
        "yaml": "pyyaml",
        "lightning_fabric": "pytorch_lightning",
        "sklearn": "scikit_learn",
        "HanTa": "hanta",
    }
    # OmegaConf's version is Hydra's to choose
    third_party = imported - sys.stdlib_module_names - {"ferlab", "omegaconf"}
    assert not {distribution.get(name, name) for name in third_party} - names
