"""The definition files of README.md and docs/how-to/own-packages.md as users build them."""

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import NOBODY, forbidden
from site_user import is_public

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from running import run
from small_packages import wheel

pytestmark = pytest.mark.long
PAGE = (paths.ROOT / "docs/how-to/own-packages.md").read_text()
DEFINITIONS = re.findall(r"(?s)```singularity\n(Bootstrap: (\S+)\n.*?)```", PAGE)
BY_HAND = re.search(r"`(apptainer build --sandbox .*?)`, `(apptainer exec --writable .*?)`", PAGE)
PACKAGES = "scipy pandas astropy"
# A small one in their place, without a network, from a folder that the image has.
SMALL = "--no-index --find-links=/mnt plain"


@dataclass(frozen=True)
class Builder:
    """A folder with the image, and who builds in it."""

    folder: Path
    become: tuple[str, ...] = ()

    def __call__(self, *words: str | Path) -> str:
        variables = {"HOME": self.folder, "TMPDIR": self.folder, "APPTAINER_TMPDIR": self.folder}
        env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
        done = run(*self.become, *words, cwd=self.folder, env=env)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def has_it(self, made: str) -> None:
        program = "import plain, numpy; print(plain.VALUE, numpy.arange(3).sum())"
        assert self(find_apptainer(), "exec", made, "python3", "-c", program) == "1 3\n"
        ask = (find_apptainer(), "exec", made, "python3", "-m", "hpcpy_info", "plain")
        assert "in memory" in self(*ask)


@pytest.fixture
def folder(sif: str) -> Iterator[Path]:
    """Give a folder that every user can reach: the roots in it have a gigabyte each."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-definition.") as name:
        made = Path(name)
        (made / "wheels").mkdir()
        wheel(made / "wheels", "plain", "1.0", {"plain.py": "VALUE = 1\n"})
        (made / "hpcpy.sif").symlink_to(sif)
        (made / "hpcpy.oci.tar").symlink_to(Path(sif).with_name("hpcpy.oci.tar"))
        yield made


@pytest.fixture
def user(folder: Path) -> Builder:
    """Give an ordinary user, without a subuid range and without /dev/fuse."""
    if why := forbidden("user namespaces"):
        pytest.skip(why)
    if os.geteuid():
        return Builder(folder)
    for path in (find_apptainer(), folder / "hpcpy.sif"):
        if not is_public(path):
            pytest.skip(f"{path.resolve()}: not for every user; put the checkout where all read")
    shutil.chown(folder, NOBODY, NOBODY)
    ids = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return Builder(folder, ("setpriv", *ids))


@pytest.mark.parametrize(("text", "kind"), DEFINITIONS, ids=["SIF", "archive"])
def test_an_ordinary_user_builds_it(user: Builder, text: str, kind: str) -> None:
    readme = (paths.ROOT / "README.md").read_text()
    assert kind != "localimage" or f"```singularity\n{text}```" in readme
    source = user.folder / ("hpcpy.sif" if kind == "localimage" else "hpcpy.oci.tar")
    if not source.exists():
        pytest.skip(f"{source.resolve()}: not there; run: make sif")
    (user.folder / "mine.def").write_text(text.replace(PACKAGES, SMALL))
    # A folder, since packing it is no work of the definition's.
    bind = f"{user.folder}/wheels:/mnt"
    user(find_apptainer(), "build", "--sandbox", "--bind", bind, "mine", "mine.def")
    user.has_it("mine")


def test_whoever_lacks_a_capability_builds_it_by_hand(folder: Path) -> None:
    me = Builder(folder)
    assert BY_HAND is not None
    (folder / "requirements.txt").write_text("plain\n")
    for line in BY_HAND.groups():
        words = line.replace("…", "--no-index --find-links=wheels -r requirements.txt")
        me(find_apptainer(), *shlex.split(words)[1:])
    me.has_it("mine")
