"""Where ``hpcpy modulefile`` and ``kernelspec`` write, and what they leave as it is."""

import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import environment, small_disk

from hpcpy.commands import run
from hpcpy.launch.kernelspec import kernel_spec, user_kernels
from hpcpy.launch.options import Request
from hpcpy.launch.shell import HostFacts
from hpcpy.launch.site import Site
from hpcpy_common.errors import DiskError, UsageError
from running import run as run_program
from small_standalone import make_standalone

REFERENCE = "registry.example.org/me/hpcpy:1"


def writer(command: str, folder: Path) -> list[str]:
    if command == "kernelspec":
        return [command, f"--image={REFERENCE}", "--site=perlmutter-cpu"]
    return [command, f"--image={make_standalone(folder / 'image')}"]


@pytest.mark.parametrize("command", ["modulefile", "kernelspec"])
def test_where_nothing_can_be_written_another_folder_is_asked_for(
    command: str, tmp_path: Path
) -> None:
    with pytest.raises(DiskError, match=r"cannot be written .*; name another folder: TO=… or --to"):
        run([*writer(command, tmp_path), "--to=/proc/x"])
    # Nor can the module file alone.
    (tmp_path / "to").mkdir()
    (tmp_path / "to/modulefiles").touch()
    if command == "modulefile":
        with pytest.raises(DiskError, match="modulefiles/hpcpy: cannot be written"):
            run([*writer(command, tmp_path), f"--to={tmp_path / 'to'}"])
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["modulefiles"]
    # A full disk keeps no empty folder.
    words = shlex.join([sys.executable, "-m", "hpcpy", *writer(command, tmp_path), "--to=m/n"])
    script = f"head -c 2000000 /dev/zero >full; {words}; ls"
    (tmp_path / "disk").mkdir()
    done = run_program(*small_disk(tmp_path / "disk"), "sh", "-c", script, env=environment())
    assert done.stdout == "full\n"
    says = ": no space left on the device; name another folder: TO=… or --to\n"
    assert done.stderr.endswith(says), done.stderr


WRITTEN = {
    "modulefile": ("hpcpy/0.1.0/bin/python", "hpcpy/0.1.0/bin/mpiexec", "modulefiles/hpcpy/0.1.0"),
    "kernelspec": ("hpcpy/kernel.json",),
}


# What is in the way, how it is made, and what is said of it.
NO_FILE_OF_OURS = "is no .* that hpcpy has written; name another"


IN_THE_WAY: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "a link": (lambda place, mine: place.symlink_to(mine), NO_FILE_OF_OURS),
    "a file": (lambda place, mine: place.hardlink_to(mine), NO_FILE_OF_OURS),
    "a folder": (lambda place, _: place.mkdir(), "cannot be written"),
    "a FIFO": (lambda place, _: os.mkfifo(place), "cannot be written"),
}


@pytest.mark.parametrize("kind", IN_THE_WAY)
@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command in WRITTEN for name in WRITTEN[command]]
)
def test_nothing_is_written_over_what_is_a_users(
    command: str, name: str, kind: str, tmp_path: Path
) -> None:
    place, mine = tmp_path / "to" / name, tmp_path / "mine"
    text = "#%Module1.0\nsetenv MINE 1\n"
    mine.write_text(text)
    place.parent.mkdir(parents=True)
    make, says = IN_THE_WAY[kind]
    make(place, mine)
    words = writer(command, tmp_path)
    there = sorted(tmp_path.rglob("*"))
    with pytest.raises((DiskError, UsageError), match=f"{place}: {says}"):
        run([*words, f"--to={tmp_path / 'to'}"])
    assert (mine.read_text(), sorted(tmp_path.rglob("*"))) == (text, there)


KERNEL = ["python3", "-m", "ipykernel_launcher", "-f"]


def test_shifter_has_the_sites_volumes_and_not_its_mpi() -> None:
    site = Site(
        name="centre", summary="", options={"shifter": ("--module=mpich",)}, binds=("/data",)
    )
    image = f"docker:{REFERENCE}"
    host = HostFacts("", "shifter", image)
    spec = kernel_spec(Request(engine="shifter"), site, host, "x")
    words = [f"--image={image}", "--volume=/data:/data"]
    command = " ".join(["exec", "shifter", *words, *KERNEL])
    argv = json.loads(json.dumps(spec["argv"]))
    assert argv[2].splitlines()[-1] == f'{command} "$connection_file"'
    assert [*argv[:2], argv[3]] == ["bash", "-c", "{connection_file}"]


def test_the_file_lies_where_jupyter_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    assert user_kernels() == tmp_path / ".local/share/jupyter/kernels"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    words = [f"--image={REFERENCE}", "--site=perlmutter-cpu", "--name=HPCpy-1", "--title=My Python"]
    path = tmp_path / "data/kernels/hpcpy-1/kernel.json"
    for _ in range(2):  # over what is there
        assert run(["kernelspec", *words]) == 0
        assert capsys.readouterr().out == f"{path}\n"
    spec = json.loads(path.read_text())
    assert (spec["display_name"], spec["language"]) == ("My Python", "python")
    assert spec["interrupt_mode"] == "message"
    assert spec["env"] == {"PYTHONHOME": "", "PYTHONPATH": ""}
    assert "exec podman-hpc run" in spec["argv"][2]
    assert "--mpi" not in spec["argv"][2]
