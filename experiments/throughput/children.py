"""What is measured in a process of its own: reading FER-2013, the memory and the time that training on it takes."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ferlab.config import compose, plain

# load() and one look at every pixel, without the time to import
_LOAD = """
import json, sys, time
from ferlab.build import build
values = json.loads(sys.argv[1])
source = build(values)
begun = time.perf_counter()
samples = source.load()
highest = int(samples.x.max())
seconds = time.perf_counter() - begun
assert samples.x.shape == (35887, 48, 48, 1) and highest == 255, samples.x.shape
print(json.dumps(seconds))
"""


def load_seconds(root: Path, cache: Path) -> float:
    """Return how long `data=fer2013` takes to have every pixel at hand."""
    values = plain(compose("train", ["data=fer2013", f"data.root={root}"]))["data"]
    environment = {**os.environ, "FERLAB_CACHE": str(cache)}
    command = [sys.executable, "-c", _LOAD, json.dumps(values)]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def write_table(archive: Path, folder: Path) -> None:
    """Write the archive's images as the challenge's table, emotion,pixels,Usage."""
    from ferlab.data.fer2013 import Fer2013

    samples = Fer2013(root=str(archive)).load()
    usage = {"train": "Training", "PublicTest": "PublicTest", "PrivateTest": "PrivateTest"}
    with (folder / "fer2013.csv").open("w") as file:
        file.write("emotion,pixels,Usage\n")
        for image, label, split in zip(samples.x, samples.labels, samples.splits, strict=True):
            pixels = str(image.ravel().tolist())[1:-1].replace(",", "")
            file.write(f"{label},{pixels},{usage[str(split)]}\n")


def peak_bytes(overrides: list[str]) -> int:
    """Return the most memory that `python -m ferlab.train` held at once, mapped files included."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ferlab.train", *overrides, f"hydra.run.dir={folder}/run"]
        with (Path(folder) / "output").open("w+") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            peak = 0
            # not ru_maxrss: that of a child begins at what its parent held when it started the child
            while process.poll() is None:
                peak = max(peak, _high_water(process.pid))
                time.sleep(0.05)
            if process.returncode != 0:
                output.seek(0)
                raise RuntimeError(f"{' '.join(command)} failed:\n{output.read()[-3000:]}")
    return peak


def training_seconds(overrides: list[str]) -> float:
    """Return how long the training of `python -m ferlab.train` took, without its test and its figures."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ferlab.train", *overrides, f"hydra.run.dir={folder}/run"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return float(json.loads((Path(folder) / "run" / "training.json").read_text())["seconds"])


def _high_water(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
