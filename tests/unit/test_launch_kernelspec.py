"""kernel.json, word by word, for each engine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from hpcpy.cli.commands import run
from hpcpy.core.errors import UsageError
from hpcpy.launch.engines import Container
from hpcpy.launch.kernelspec import kernel_spec, user_kernels
from hpcpy.launch.shell import Variable
from hpcpy.launch.site import Site

REFERENCE = "registry.example.org/me/hpcpy:1"
KERNEL = ["python3", "-m", "ipykernel_launcher", "-f"]
FILE = "{connection_file}"


def argv(engine: str, site: Site, *, gpus: bool = False, image: str = REFERENCE) -> list[str]:
    variables = tuple(Variable(name, value, "") for name, value in site.environment.items())
    program = "/usr/bin/apptainer" if engine == "apptainer" else engine
    container = Container(program, image, "", gpus, variables)
    return kernel_spec(engine, container, site, "x")["argv"]  # type: ignore[return-value]


def site(**values: object) -> Site:
    return Site(name="centre", summary="", **values)  # type: ignore[arg-type]


def test_apptainer_binds_the_connection_file() -> None:
    start = ["/usr/bin/apptainer", "exec"]
    found = argv("apptainer", site(binds=("/data", "/a:/b:ro")), image="/x/hpcpy.sif")
    binds = ["--bind=/data:/data", "--bind=/a:/b:ro", f"--bind={FILE}"]
    assert found == [*start, *binds, "/x/hpcpy.sif", *KERNEL, FILE]
    found = argv("apptainer", site(options={"apptainer": ("--cleanenv",)}), gpus=True, image="/x")
    assert found == [*start, "--nv", f"--bind={FILE}", "--cleanenv", "/x", *KERNEL, FILE]


def test_shifter_has_the_sites_volumes_and_not_its_mpi() -> None:
    one = site(options={"shifter": ("--module=mpich",)}, binds=("/data",))
    found = argv("shifter", one, image=f"docker:{REFERENCE}")
    words = [f"--image=docker:{REFERENCE}", "--volume=/data:/data"]
    assert found == ["shifter", *words, *KERNEL, FILE]
    assert "--module=gpu" in argv("shifter", one, gpus=True)


@pytest.mark.parametrize(
    ("engine", "gpu"), [("podman-hpc", "--gpu"), ("podman", "--device=nvidia.com/gpu=all")]
)
def test_podman_mounts_home_and_the_notebooks_folder(engine: str, gpu: str, tmp_path: Path) -> None:
    one = site(options={"podman-hpc": ("--mpi",)}, binds=("$SCRATCH", "/a:/b"))
    bash, option, script, file = argv(engine, one, gpus=True)
    assert (bash, option, file) == ("bash", "-c", FILE)
    # Jupyter replaces its own names in braces, and there is none in the script.
    assert "{connection_file}" not in script
    assert script.splitlines()[-1] == (
        f"exec {engine} run --rm --interactive --network=host --user=0:0 {gpu} "
        '"${mounts[@]}" --volume=/a:/b "--volume=$connection_file:$connection_file" '
        f'"--workdir=$PWD" "--env=HOME=$HOME" {REFERENCE} '
        'python3 -m ipykernel_launcher -f "$connection_file"'
    )
    shell = "\n".join([*script.splitlines()[:-1], 'printf "%s\\n" "${mounts[@]}"'])
    done = subprocess.run(
        ["bash", "-c", shell, "/run/kernel.json"],
        env={"HOME": str(tmp_path), "SCRATCH": "/scratch/a b"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    # The folder of the notebook is home here: podman refuses a second mount.
    mounts = [f"--volume={tmp_path}:{tmp_path}", "--volume=/scratch/a b:/scratch/a b"]
    assert done.stdout.splitlines() == mounts


def test_a_shell_loads_the_sites_modules() -> None:
    one = site(modules=("apptainer",), setup=(". /etc/binds",), environment={"A": "b c"})
    bash, option, script, file = argv("apptainer", one)
    assert (bash, option, file) == ("bash", "-c", FILE)
    assert script.splitlines() == [
        "connection_file=$0",
        "type module >/dev/null 2>&1 || . /etc/profile",
        "module load apptainer || exit 69",
        ". /etc/binds || exit 69",
        "export APPTAINERENV_A='b c'",
        'exec /usr/bin/apptainer exec "--bind=$connection_file" '
        f"{REFERENCE} python3 -m ipykernel_launcher -f "
        '"$connection_file"',
    ]


def test_the_file_lies_where_jupyter_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JUPYTER_DATA_DIR", raising=False)
    assert user_kernels() == tmp_path / ".local/share/jupyter/kernels"
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    words = [f"--image={REFERENCE}", "--site=perlmutter-cpu", "--name=HPCpy-1", "--title=My Python"]
    assert run(["kernelspec", *words]) == 0
    path = tmp_path / "data/kernels/hpcpy-1/kernel.json"
    assert capsys.readouterr().out == f"{path}\n"
    spec = json.loads(path.read_text())
    assert (spec["display_name"], spec["language"]) == ("My Python", "python")
    assert spec["interrupt_mode"] == "message"
    assert spec["env"] == {"PYTHONHOME": "", "PYTHONPATH": ""}
    assert "exec podman-hpc run" in spec["argv"][2]
    assert "--mpi" not in spec["argv"][2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--imag=x"], "unrecognized arguments: --imag=x"),
        (["--engine=none"], "argument --engine: no 'none'; there are: apptainer, podman-hpc"),
        (["--gpus=2"], "argument --gpus: invalid choice: 2"),
        (["--engine=shifter"], "shifter takes a reference; IMAGE=registry.example.org/me/hpcpy:1"),
        (["--image=/no/such.sif"], "IMAGE=/no/such.sif: no such file"),
        (["--name=a/b"], "--name: a/b cannot name a file"),
        (["--to=-"], "--to: -: is no folder"),
        (["--title=a\nb"], "holds a character that cannot be printed"),
    ],
)
def test_what_is_wrong_is_refused(words: list[str], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        run(["kernelspec", f"--to={tmp_path}", *words])
    assert says in str(caught.value)
    assert not list(tmp_path.iterdir())
