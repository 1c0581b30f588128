"""Keras beside ferlab: the environment that it is installed into, and the process that trains in it."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from cases import HERE, Case
from stopwatch import WARM

PACKAGES = ("tensorflow-cpu", "scipy", "pillow")


def environment(folder: Path) -> Path:
    """Return the interpreter of an environment with TensorFlow, which is made where it is not there yet.

    Args:
        folder: of the environment; ferlab's own is never touched.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.is_file():
        # where `make setup` puts its own uv
        path = os.pathsep.join([os.environ["PATH"], str(HERE.parents[1] / ".cache" / "uv" / "bin")])
        told = {"env": {**os.environ, "PATH": path}, "check": True}
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        subprocess.run(["uv", "venv", "--python", version, str(folder)], **told)
        subprocess.run(["uv", "pip", "install", "--python", str(python), *PACKAGES], **told)
    return python


class Keras:
    """A process that trains with Keras when it is asked to and sleeps in between.

    Args:
        command: what starts it; see keras_child.py for what it is asked and answers.
    """

    def __init__(self, command: list[str]) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the process)
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self.errors, text=True)

    def step(self, case: Case, folder: Path, steps: int) -> float:
        """Return milliseconds a step.

        Raises:
            RuntimeError: the process ended; with its last words.
        """
        assert self.process.stdin and self.process.stdout
        request = {"model": case.model, "folder": str(folder), "batch": case.batch, "warm": WARM, "steps": steps}
        # one that ended gives no answer either
        with suppress(BrokenPipeError):
            print(json.dumps(request), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            self.errors.seek(0)
            raise RuntimeError(f"Keras ended with {self.process.wait()}:\n{self.errors.read()[-3000:]}")
        return float(json.loads(answer)["ms"])

    def __enter__(self) -> "Keras":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # waits for the process, which ends with its input
        self.process.communicate()
        self.errors.close()


def keras(python: Path) -> Keras:
    return Keras([str(python), str(HERE / "keras_child.py")])
