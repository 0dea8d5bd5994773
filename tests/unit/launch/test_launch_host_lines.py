"""What a site file has run on the host: only that of root, the user, or who names the file."""

import os
import re
import sys
from pathlib import Path

import pytest

from hpcpy.commands import run, with_settings
from hpcpy.core import paths
from hpcpy.engine import prefix
from hpcpy.launch.layers import find_site
from hpcpy_common import site_file

# Of each key that runs something on the host, or chooses a program there, a line and its trace.
ON_HOST = {
    "setup": ("setup = ['touch its-mark']", "its-mark"),
    "modules": ("modules = ['its-mark']", "its-mark"),
    "options of srun": ("[options]\nstep = ['--task-prolog=/its-mark']", "its-mark"),
    "options of an engine": ("[options]\napptainer = ['--config=/its-mark']", "its-mark"),
    "a script in place of a container": ("engine = 'none'", "engine='none'"),
    "a program in place of a container": ("engine = 'standalone'", "engine='standalone'"),
    "another image": ("image = 'its-mark'", "its-mark"),
}
# What is of the job and the container, whose image its owner has chosen in any case.
INSIDE = "binds = ['/seen']\n"
# Whether they count, by the file that has them.
PLACES = {
    "machine": True,
    "image": False,
    "image, linked to the machine's": True,
    "image, linked to another": False,
    "image, named": True,
    "module": True,
    "user": True,
    "--site": True,
}


@pytest.fixture(autouse=True)
def programs(files: dict[str, Path], image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be a SIF and an Apptainer."""
    assert files
    Path(image).write_bytes((bytes(32) + b"SIF_MAGIC").ljust(200, b"\0"))
    monkeypatch.setattr(prefix, "find_apptainer", lambda: Path("/usr/bin/apptainer"))


def put(place: str, text: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """Write the site file of a place; return the value of an option --site."""
    where, _, how = place.partition(", ")
    file = files.get(where, files["module"])
    if how.startswith("linked"):
        file = files["machine"] if "machine" in how else files["module"].with_name("other.toml")
        files["image"].symlink_to(file)
    if where == "module" or how == "named":
        monkeypatch.setenv(site_file.VARIABLE, str(file))
    file.write_text(f"summary = 's'\n{text}\n")
    return str(file) if where == "--site" else ""


@pytest.mark.parametrize("key", ON_HOST)
@pytest.mark.parametrize(
    ("place", "owner"),
    [(place, 0) for place in PLACES] + [("image", 65534), ("image, named", 65534)],
)
def test_what_lies_beside_an_image_runs_nothing_on_the_host(
    files: dict[str, Path],
    image: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    owner: int,
    place: str,
    key: str,
) -> None:
    line, trace = ON_HOST[key]
    name = put(place, f"{INSIDE}{line}", files, monkeypatch)
    if owner:
        if os.geteuid() != 0:
            pytest.skip("gives files to another user: as root")
        for path in (Path(image), files["image"]):
            os.chown(path, owner, owner, follow_symlinks=False)
    site = find_site(name, image)
    assert (site.binds, trace in repr(site)) == (("/seen",), PLACES[place])
    told = capsys.readouterr().err
    if PLACES[place]:
        assert told == ""
        return
    # One line, with how to have them count.
    assert told.count("\n") == 1
    assert f"export {site_file.VARIABLE}={files['image']}" in told
    assert re.findall(r"\w+", line)[0] in told
    monkeypatch.setenv(site_file.VARIABLE, str(files["image"]))
    assert trace in repr(find_site("", image))
    assert capsys.readouterr().err == ""


COMMANDS = ("launch", "batch", "make launch", "modulefile", "kernelspec", "site")


def words_of(command: str, image: str, to: Path) -> list[str]:
    """Return a command that prints what it makes of a site's keys, or writes it into a folder."""
    if command == "make launch":
        return with_settings(["launch"], {"HPCPY_SETTINGS": f"W=pi\n DRY=1\n IMAGE={image}\n"})
    rank = ["--dry", "--", "-m", "workloads", "pi"]
    others = {"site": [], "launch": rank, "batch": rank}
    return [command, f"--image={image}", *others.get(command, [f"--to={to}"])]


@pytest.mark.parametrize("key", ["setup", "modules", "options of an engine"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("python", ["", "/opt/hpcpy/bin/python3", "/node/hpcpy-python"])
def test_by_whatever_command(
    files: dict[str, Path],
    image: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    python: str,
    command: str,
    key: str,
) -> None:
    """Of a checkout, and of the image and the one file, which have a Python of their own."""
    if python:
        monkeypatch.setattr(paths, "IS_CHECKOUT", False)
        monkeypatch.setattr(sys, "executable", python)
        monkeypatch.setenv("APPTAINER_CONTAINER", image)
    line, trace = ON_HOST[key]
    files["image"].write_text(f"{INSIDE}{line}\n")
    for is_named in (False, True):
        if is_named:
            monkeypatch.setenv(site_file.VARIABLE, str(files["image"]))
        to = tmp_path / f"to{is_named}"
        assert run(words_of(command, image, to)) == 0
        shown = capfd.readouterr()
        text = "".join(file.read_text() for file in to.rglob("*") if file.is_file())
        assert "/seen" in text + shown.out
        assert (trace in text + shown.out) == is_named
        assert ("not taken from a file beside an image" in shown.err) != is_named
