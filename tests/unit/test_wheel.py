"""What needs no checkout: in an image, in the one file, and in the wheel of the tool."""

import sys
import zipfile
from pathlib import Path

import pytest

from hpcpy.commands import COMMANDS
from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.images import own_command
from installed_wheel import build, install
from running import printed, run

ANYWHERE = "image, file, wheel"
# A command: where it is without a checkout.
PLACES = {
    **dict.fromkeys(("launch", "batch", "site", "modulefile", "kernelspec"), ANYWHERE),
    **dict.fromkeys(("doctor", "forecast", "docs"), ANYWHERE),
    "pack": "file, wheel",
}
NO_IMAGE = "apptainer needs the image's name; IMAGE=/shared/hpcpy.sif, or `image` in a site file\n"
UNNAMED = "no image is named; IMAGE=/shared/hpcpy.sif\n"
# Words in a folder with my.py, my.sif and a folder env/bin: the exit code, and what is printed.
WHEEL = {
    "--version": (0, f"hpcpy {project_version()}\n"),
    "site": (0, 'engine = "apptainer"'),
    "launch --dry -- my.py": (2, f"hpcpy launch: {NO_IMAGE}"),
    "launch --dry --image my.sif -- my.py": (0, "srun "),
    "batch -- my.py": (2, f"hpcpy batch: {NO_IMAGE}"),
    "batch --image my.sif --site carc -- -m workloads pi": (0, "#SBATCH "),
    "modulefile": (2, f"hpcpy modulefile: {UNNAMED}"),
    "modulefile --image my.sif --to modules": (0, "modules/modulefiles\n"),
    "kernelspec": (2, f"hpcpy kernelspec: {UNNAMED}"),
    "kernelspec --image my.sif --to kernels": (0, "kernels/hpcpy/kernel.json\n"),
    "docs pack": (0, "# Any environment in one file"),
    "doctor --only=cpu": (0, "cpu.cores"),
    "forecast --help": (0, "usage: python -m hpcpy_job forecast "),
    "pack env": (69, "hpcpy pack: no mksquashfs 4.4 or newer here; install the package squashfs-"),
    "pack --undo env": (2, "/env: is not packed; "),
    "build sif": (2, "hpcpy: build is a command of a checkout; git clone …/hpcpy (README.md); "),
    "biuld": (2, "hpcpy: unknown command 'biuld'; there are: "),
}


@pytest.mark.parametrize("place", ANYWHERE.split(", "))
def test_a_place_has_the_commands_of_the_table(place: str) -> None:
    files = own_command.files(on_hosts=place != "image", compiles=place == "wheel")
    modules = {".".join(path.with_suffix("").parts[-3:]) for path in files}
    found = {name for name, (module, _) in COMMANDS.items() if module in modules}
    jobs = {"doctor", "forecast"}
    assert found | jobs == {name for name, places in PLACES.items() if place in places}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(wheel, tmp_path_factory.mktemp("venv"))


@pytest.mark.parametrize("words", WHEEL)
def test_the_wheel_works_without_a_checkout(programs: Path, tmp_path: Path, words: str) -> None:
    (tmp_path / "my.py").touch()
    (tmp_path / "my.sif").write_bytes(b"hsqs")
    (tmp_path / "env/bin").mkdir(parents=True)
    code, says = WHEEL[words]
    # No program of the machine's, squashfs-tools above all.
    env = {"PATH": str(tmp_path / "none"), "HOME": str(tmp_path)}
    done = run(programs / "hpcpy", *words.split(), cwd=tmp_path, env=env)
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True), done
    assert done.stderr.count("\n") == 1 or code == 0


def test_its_modules_have_its_version(programs: Path) -> None:
    for name in ("hpcpy_job", "workloads"):
        shown = printed(run(programs / "python", "-m", name, "--version", cwd="/"))
        assert shown == f"{name} of hpcpy {project_version()}\n"


def test_the_same_bytes_again_and_make_install_has_the_same_files(
    wheel: Path, tmp_path: Path
) -> None:
    assert build(tmp_path / "again").read_bytes() == wheel.read_bytes()
    words = ("install", "--prefix=/opt/tools", f"--destdir={tmp_path}/package")
    done = run(sys.executable, paths.ROOT / "hpcpy", *words, umask=0o077)
    command = Path(printed(done).rstrip())
    assert command.parent.stat().st_mode & 0o777 == 0o755
    assert command == tmp_path / "package/opt/tools/bin/hpcpy"
    library = command.parents[1] / "lib/hpcpy"
    there = {str(path.relative_to(library)) for path in library.rglob("*") if path.is_file()}
    with zipfile.ZipFile(wheel) as file:
        assert there == {name for name in file.namelist() if ".dist-info/" not in name}
    moved = tmp_path / "moved"
    command.parents[1].rename(moved)
    assert printed(run(moved / "bin/hpcpy", "--version", cwd="/")) == f"hpcpy {project_version()}\n"


@pytest.mark.parametrize("option", ["--prefix=tools", "--destdir=package"])
def test_make_install_takes_no_relative_folder(option: str, tmp_path: Path) -> None:
    done = run(sys.executable, paths.ROOT / "hpcpy", "install", option, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is no absolute path" in done.stderr
    assert not list(tmp_path.iterdir())
