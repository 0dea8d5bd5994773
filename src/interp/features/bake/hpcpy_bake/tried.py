"""Import what is baked, each module in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

_SECONDS = 300
_IMPORT = """
import sys
try:
    __import__(sys.argv[1])
except BaseException as error:
    sys.exit(": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]]))
"""


def failed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Import modules, and yield those whose import fails, each with the reason."""
    names = list(names)
    # What an import writes to a home, or beside a module, is not for the image.
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, why in zip(names, pool.map(lambda name: _why(name, home), names), strict=True):
            if why:
                yield name, why


def _why(name: str, home: str) -> str:
    own = {"HOME": home, "TMPDIR": home}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")} | own
    try:
        done = subprocess.run(
            (sys.executable, "-IB", "-c", _IMPORT, name),
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it takes more than {_SECONDS} s"
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    said = done.stderr.decode(errors="replace").strip()
    return said.rpartition("\n")[2] if done.returncode else ""
