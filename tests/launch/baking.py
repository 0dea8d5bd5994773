"""Packages that tests bake, by Apptainer in a layer of memory, or by podman."""

import os
import shutil
import tempfile
from pathlib import Path

import image_in_podman
import pytest
from local_cluster import image

from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import host_arch, wheels
from running import Done, run
from small_packages import digest, sdist, wheel

CONTAINERFILE = """
FROM localhost/hpcpy
USER 0
RUN --mount=type=bind,source=.,target=/wheels \\
    python -m hpcpy_bake --no-index --find-links=/wheels -r /wheels/requirements.txt
USER 1000:1000
"""


class Podman:
    """podman with the image loaded, and a folder that containers see as /wheels."""

    def __init__(self, folder: Path) -> None:
        self.command, variables = image_in_podman.loaded()
        self.env = {**os.environ, **variables}
        self.folder = folder

    def __call__(self, *words: str | Path, code: int | None = 0) -> tuple[int, str, str]:
        done = run(*self.command, *words, env=self.env)
        assert code is None or done.returncode == code, done.stderr
        return done.returncode, done.stdout, done.stderr

    def script(self, text: str) -> str:
        """Run shell commands as root in a container that may be written; return stdout."""
        words = ("--rm", "--network=none", "--user=0", f"--volume={self.folder}:/wheels:ro")
        return self("run", *words, "hpcpy", "sh", "-euc", text)[1]


def in_memory(folder: Path, text: str, *, writable: bool = True) -> Done:
    """Run shell commands in the image, whose files can be changed, with a folder as /wheels."""
    layer = ["--writable-tmpfs"] if writable else []
    options = ("--contain", "--cleanenv", "--no-home", "--pwd=/")
    with tempfile.TemporaryDirectory(prefix="hpcpy-bake.") as scratch:
        binds = f"--bind={folder}:/wheels:ro,{scratch}:/tmp"
        return run(*image()[:2], *layer, *options, binds, image()[-1], "sh", "-euc", text)


def setuptools(folder: Path) -> None:
    """Add to a folder what an sdist is built by."""
    pins = [one for one in wheels("build", host_arch()) if one.name == "setuptools"]
    for path in fetch(pins).values():
        shutil.copyfile(path, folder / path.name)


def pinned(folder: Path) -> None:
    """Fill a folder with the packages that are pinned, and requirements of them."""
    setuptools(folder)
    lines = []
    for artifact, path in fetch(wheels("bake", host_arch())).items():
        shutil.copyfile(path, folder / path.name)
        if artifact.name != "numpy":
            lines.append(f"{artifact.name}=={artifact.version} --hash=sha256:{digest(path)}\n")
    (folder / "requirements.txt").write_text("".join(lines))
    (folder / "Containerfile").write_text(CONTAINERFILE)


def in_podman(folder: Path) -> Podman:
    """Give podman with the image loaded, and a folder with all packages."""
    if not look_up(needed(["measure"])):
        pytest.skip("no strace here; run: make setup TOOLS=measure")
    pinned(folder)
    small(folder)
    return Podman(folder)


def small(folder: Path) -> None:
    wheel(
        folder,
        "plain",
        "1.0",
        {"plain/__init__.py": "from plain.part import VALUE\n", "plain/part.py": "VALUE = 1\n"},
    )
    wheel(folder, "plain", "2.0", {"plain/__init__.py": "VALUE = 2\n"})
    wheel(folder, "newer", "1.0", {"newer.py": ""}, ["numpy>=99"])
    wheel(folder, "older", "1.0", {"older.py": ""}, ["plain<2"])
    wheel(folder, "rude", "1.0", {"numpy/rude.py": "", "tqdm/__init__.py": "broken = 1\n"})
    wheel(folder, "within", "1.0", {"tqdm/more.py": ""})
    wheel(folder, "script", "1.0", {"script-1.0.data/scripts/pytest": "#!python\n"})
    wheel(folder, "bundle", "1.0", {"bundle/__init__.py": "raise SystemExit(9)\n"})
    wheel(folder, "sure", "1.0", {"sure.py": "def f(): 'text'\nassert f.__doc__\n"})
    wheel(folder, "broken", "1.0", {"broken.py": "x = " + "-" * 300_000 + "1\n"})
    # As setuptools and hatchling make them of `-e`.
    finds = {"edit-1.0.dist-info/top_level.txt": "edit\n", "__editable___edit_finder.py": ""}
    wheel(folder, "edit", "1.0", {**finds, "__editable__.edit-1.0.pth": "elsewhere\n"})
    wheel(folder, "hatched", "1.0", {"_hatched.pth": "elsewhere\n"})
    wheel(folder, "named", "1.0", {"named.pth": "elsewhere\n", "named.py": ""})
    sdist(folder, "source", "1.0")
    hashed = f"plain==1.0 --hash=sha256:{digest(folder / 'plain-1.0-py3-none-any.whl')}\n"
    (folder / "wrong.txt").write_text(f"plain==1.0 --hash=sha256:{'0' * 64}\n")
    (folder / "half.txt").write_text(f"{hashed}older==1.0\n")
