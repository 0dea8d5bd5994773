"""Ask the image's own Python, which runs the text of `inside`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpcpy.core.errors import HpcpyError, IntegrityError, UnavailableError, UsageError
from hpcpy.core.stages import StageError

_PROGRAM = Path(__file__).with_name("resolver.py")
_ERRORS = {one.exit_code: one for one in (UsageError, IntegrityError, UnavailableError)}


@dataclass(frozen=True)
class Image:
    """The interpreter of an image."""

    python: Sequence[str]  # The command that starts it

    def ask(self, do: str, **request: Any) -> Any:
        """Return the answer to a request: see the functions of `resolver`."""
        done = subprocess.run(
            [*self.python, "-c", _PROGRAM.read_text(encoding="utf-8")],
            input=json.dumps({"do": do, **request}),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            if "No module named 'hpcpy_bake'" in last:
                raise UnavailableError("the image cannot bake", hint="take one of hpcpy")
            raise StageError(f"the image's Python ended with exit code {done.returncode}: {last}")
        answer = json.loads(done.stdout)
        if "error" in answer:
            raise _ERRORS.get(answer["code"], HpcpyError)(answer["error"])
        return answer["answer"]

    def yaml(self, text: str) -> Any:
        """Read YAML."""
        return self.ask("yaml", text=text)


def of_sif(apptainer: Path, sif: Path, wheelhouse: Path | None) -> Image:
    """Return the interpreter of a SIF."""
    bind = [f"--bind={wheelhouse}:{wheelhouse}:ro"] if wheelhouse else []
    return Image([str(apptainer), "exec", *bind, str(sif), "python3", "-I"])
