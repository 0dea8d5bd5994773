"""``hpcpy``: the image's own command, which a login node without a checkout has."""

import os
import re
from pathlib import Path

import pytest

from running import Done, printed, refusal, run

# No engine says which image this is.
ENV = {**os.environ, "APPTAINER_CONTAINER": ""}
COMMANDS = [("hpcpy",), ("python3", "-m", "hpcpy")]


def batch(folder: Path, *words: str) -> Done:
    return run("hpcpy", "batch", *words, cwd=folder)


def test_it_prints_a_script_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "my.py").touch()
    shown = printed(batch(tmp_path, "--nodes=2", "--tasks=4", "--image=mine.sif", "--", "my.py"))
    assert f"\n  {tmp_path}/mine.sif " in shown
    assert [path.name for path in tmp_path.iterdir()] == ["my.py"]


def test_what_a_site_promises_is_compared_with_the_images_own_file(tmp_path: Path) -> None:
    words = ("--site=perlmutter-cpu", "--account=mine", "--image=example.org/hpcpy:1")
    shown = printed(batch(tmp_path, *words, "--", "-m", "workloads", "pi", "--impl", "mpi"))
    (file,) = re.findall(r"--site=(\S+)", shown)
    assert Path(file).is_file()
    # The host has no such file to mount.
    assert f"--volume={file}" not in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("build", "hpcpy: build is a command of a checkout; git clone …/hpcpy (README.md); "),
        ("launch -- my.py", "hpcpy launch: apptainer needs the image's name; IMAGE="),
        ("kernelspec --to=.", "hpcpy kernelspec: no image is named; IMAGE="),
        ("batch --node=2 -- my.py", "hpcpy batch: unrecognized arguments: --node=2"),
        (
            "batch --image=x.sif -- absent.py",
            "hpcpy batch: PROGRAM=absent.py: no such file; give its path",
        ),
    ],
)
def test_what_it_cannot_do_is_one_line(tmp_path: Path, words: str, says: str) -> None:
    (tmp_path / "my.py").touch()
    done = run("hpcpy", *words.split(), cwd=tmp_path, env=ENV)
    assert refusal(done).startswith(says)


def test_a_module_and_a_kernel_are_of_the_image_that_writes_them(tmp_path: Path) -> None:
    (tmp_path / "my.sif").write_bytes(b"hsqs")
    env = {**os.environ, "APPTAINER_CONTAINER": str(tmp_path / "my.sif")}
    for words in (("modulefile",), ("kernelspec", "--to=kernels")):
        done = run("hpcpy", *words, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
    kernel = (tmp_path / "kernels/hpcpy/kernel.json").read_text()
    (wrapper,) = (tmp_path / "modules/hpcpy").glob("*/bin/hpcpy-exec")
    for text in (kernel, wrapper.read_text()):
        assert f"{tmp_path}/my.sif" in text
        assert "apptainer" in text


def test_the_settings_are_of_the_modules_file(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("engine = 'shifter'\n")
    env = {**ENV, "HPCPY_SITE_FILE": "site.toml"}
    shown = printed(run("hpcpy", "site", cwd=tmp_path, env=env))
    assert re.search(rf'^engine = "shifter" +# {tmp_path}/site.toml$', shown, re.MULTILINE)


def test_what_lies_beside_the_image_runs_nothing_on_the_host(tmp_path: Path) -> None:
    (tmp_path / "my.sif").write_bytes(b"hsqs")
    (tmp_path / "site.toml").write_text("setup = ['touch its-mark']\nbinds = ['/seen']\n")
    env = {**os.environ, "APPTAINER_CONTAINER": str(tmp_path / "my.sif")}
    words = ("hpcpy", "batch", "--", "-m", "workloads", "pi")
    done = run(*words, cwd=tmp_path, env=env)
    assert (done.returncode, "/seen" in done.stdout, "its-mark" in done.stdout) == (0, True, False)
    (line,) = done.stderr.splitlines()
    assert f"export HPCPY_SITE_FILE={tmp_path}/site.toml" in line
    shown = printed(run(*words, cwd=tmp_path, env={**env, "HPCPY_SITE_FILE": "site.toml"}))
    assert "its-mark" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_its_doctor_is_that_of_a_job(command: tuple[str, ...]) -> None:
    words = ("doctor", "--quick", "--only=cpu")
    of_job = printed(run("python3", "-m", "hpcpy_job", *words))
    assert printed(run(*command, *words)) == of_job
    assert run(*command, "doctor", "--nope").returncode == 2


def test_the_command_is_the_images_in_a_venv_that_is_activated(tmp_path: Path) -> None:
    python = tmp_path / "bin/python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho of the venv >&2; exit 1\n")
    python.chmod(0o755)
    path = f"{python.parent}:{os.environ['PATH']}"
    assert printed(run("hpcpy", "--version", env={**ENV, "PATH": path})).startswith("hpcpy ")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_prints_the_pages(tmp_path: Path, command: tuple[str, ...]) -> None:
    shown = printed(run(*command, "docs", "sites", cwd=tmp_path))
    assert shown.startswith("# ")
    assert (listed := printed(run(*command, "docs", cwd=tmp_path))).count("\n") > 20
    assert "\nhow-to/sites " in listed
    done = run(*command, "docs", "site", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
