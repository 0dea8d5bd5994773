"""What the pages have a reader type runs and builds."""

import itertools
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import AS_NOBODY, NOBODY, forbidden
from site_user import require_public

from hpcpy.core import paths
from hpcpy.engine.prefix import find_apptainer
from hpcpy_common.errors import UnavailableError
from running import printed, run
from small_packages import wheel

PROGRAMS = {
    "my.py": "import numpy\nprint('numpy', numpy.arange(3).sum())\n",
    # One write a line: pieces of several ranks mix where Python does not buffer.
    "my-mpi.py": "import os\nfrom mpi4py.MPI import COMM_WORLD as w\n"
    "os.write(1, f'rank {w.rank} {w.size}\\n'.encode())\n",
}


def block(page: str, begin: str) -> str:
    text = (paths.ROOT / page).read_text()
    (found,) = re.findall(rf"(?s)\n```sh\n({re.escape(begin)}.*?)```", text)
    return str(found)


def test_readmes_commands_for_an_own_program_run_it(sif: str, tmp_path: Path) -> None:
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text)
    tools = tmp_path / "build/tools/bin"
    tools.mkdir(parents=True)
    (tools / "apptainer").symlink_to(find_apptainer())
    (tmp_path / "build/hpcpy.sif").symlink_to(sif)
    shown = printed(run("bash", "-ec", block("README.md", "export PATH="), cwd=tmp_path))
    ranks = [f"rank {rank} 4" for rank in range(4)]
    assert sorted(shown.splitlines()) == ["numpy 3", *ranks]


# The commands of blocks that do not say what they need.
IN_IMAGE = re.compile(r"(\w+=\S+ )?(mpiexec -n \d+ )?python -m (workloads|hpcpy_job|hpcpy_info)\b")
# Blocks that say what they need are another machine's.
BLOCK = re.compile(
    r"(?<!:\*\n)^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
# Also what stands there for the reader's own folder.
SCRATCH = "/scratch/me"
WRITTEN = ("--json", "--plot", "--html", "--notebook", "--out", "--to")
# All slides of a talk take a quarter of an hour on cores of their own.
SECONDS = 2400


def typed_in_image() -> list[str]:
    found: dict[str, None] = {}
    for page in sorted([paths.ROOT / "README.md", *(paths.ROOT / "docs").glob("*/*.md")]):
        for block in BLOCK.finditer(page.read_text()):
            lines = block["text"].replace("\\\n", " ").splitlines()
            found |= {" ".join(line.split("#")[0].split()): None for line in lines}
    return [line for line in found if IN_IMAGE.match(line)]


def written(line: str) -> list[str]:
    """Return the files and folders that a command is told to make."""
    words = shlex.split(line)
    return [
        word
        for option, word in itertools.pairwise(words)
        if option in WRITTEN and not word.startswith("/")
    ]


@pytest.mark.long
@pytest.mark.parametrize("line", typed_in_image())
def test_a_command_of_the_pages_ends_well(sif: str, tmp_path: Path, line: str) -> None:
    work, memory = tmp_path / "work", tmp_path / "memory"
    memory.mkdir()
    shutil.copytree(paths.ROOT / "docs/results", work / "docs/results")
    (work / "my.py").write_text("import numpy\n")
    # Nothing of a page's stays in the machine's memory.
    binds = f"{work}:{SCRATCH},{memory}:/dev/shm"
    words = ("exec", "--cleanenv", "--bind", binds, "--pwd", SCRATCH, sif, "bash", "-c", line)
    done = run(find_apptainer(), *words, timeout=SECONDS)
    if done.returncode == UnavailableError.exit_code and "no CUDA device" in done.stderr:
        pytest.skip(f"{done.stderr.strip()}; there: {line}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert [name for name in written(line) if not (work / name).exists()] == []


PAGE = (paths.ROOT / "docs/how-to/own-packages.md").read_text()
DEFINITIONS = re.findall(r"(?s)```singularity\n(Bootstrap: (\S+)\n.*?)```", PAGE)
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
    require_public(find_apptainer(), folder / "hpcpy.sif")
    shutil.chown(folder, NOBODY, NOBODY)
    return Builder(folder, AS_NOBODY)


@pytest.mark.long
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
