"""What is said once, in site.toml of the machine, the image, the module and the user."""

import re
from pathlib import Path

import pytest

from hpcpy.commands import run as run_hpcpy
from hpcpy.core import paths
from hpcpy.launch.layers import FOLDER, find_site
from hpcpy_common import site_file
from hpcpy_common.errors import UsageError

WHERE = ("machine", "image", "module", "user")


@pytest.mark.parametrize("last", range(len(WHERE)))
def test_each_file_is_over_those_before_it(
    files: dict[str, Path], image: str, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    for number, name in enumerate(WHERE[: last + 1]):
        files[name].write_text(
            f"mpi = 'kind{number}'\n"
            + (f"time = '{number}'\n" if number < 2 else "")
            + f"[environment]\nOF{number} = 'x'\nALL = '{number}'\n"
        )
    if last >= WHERE.index("module"):
        monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    site = find_site("", image)
    assert site.mpi == f"kind{last}"
    assert site.time == str(min(last, 1))
    assert site.engine == "apptainer"
    expected = {f"OF{number}": "x" for number in range(last + 1)} | {"ALL": str(last)}
    assert site.environment == expected


@pytest.mark.parametrize(
    ("text", "mpi"),
    [
        ("\ufefftime = '1:00:00'", "auto"),  # as Windows' editors begin a file
        ("[promises]\nmpi = 'mpich'", "auto"),
        ("engine = 'shifter'", ""),
    ],
)
def test_a_file_that_names_another_key_leaves_how_ranks_find_each_other(
    files: dict[str, Path], text: str, mpi: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files["user"].write_text(f"{text}\n")
    made = find_site("")
    assert made.kind_of_mpi(made.engine) == mpi
    assert run_hpcpy(["site"]) == 0
    assert f'mpi = "{mpi}" ' in capsys.readouterr().out


def test_ranks_of_a_named_site_do_not_look_at_what_the_machine_promises(
    files: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    for is_there in (False, True):
        if is_there:
            files["machine"].write_text("[promises]\ngpus = 4\n")
        words = ("--dry", "--site=carc", "--account=me", "--image=docker://me/x", "--", "my.py")
        assert run_hpcpy(["launch", *words]) == 0
        assert ("--site=/dev/null" in capfd.readouterr().out) == is_there


def test_the_file_beside_an_image_is_for_this_image_alone(
    files: dict[str, Path], image: str
) -> None:
    files["image"].write_text("engine = 'podman'")
    link = files["module"].with_name("link.sif")
    link.symlink_to(image)
    names = (image, str(link), "", "not/there.sif", "docker://me/hpcpy:1", "x" * 300)
    engines = [find_site("", name).engine for name in names]
    assert engines == ["podman"] * 2 + ["apptainer"] * 4


@pytest.mark.parametrize("name", WHERE)
def test_a_fault_names_its_file(
    files: dict[str, Path], image: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    files["module"].touch()
    files[name].write_text("egnine = 'podman'")
    with pytest.raises(UsageError, match=rf"{files[name]}: egnine: unknown key"):
        find_site("", image)


def test_an_image_lies_beside_the_file_that_names_it_and_has_its_own(
    files: dict[str, Path], image: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = Path(image).name
    files["machine"].write_text(f"image = '../images/{name}'\nmpi = 'a'")
    files["image"].write_text("mpi = 'b'")
    site = find_site("")
    there = str(files["machine"].parent / "../images" / name)
    assert (site.mpi, site.image) == ("b", there)
    assert run_hpcpy(["site"]) == 0
    assert re.search(rf'(?m)^image = "{image}" +# {files["machine"]}$', capsys.readouterr().out)
    files["machine"].write_text("engine = 'shifter'\nimage = 'docker:me/hpcpy:1'")
    assert find_site("").image == "docker:me/hpcpy:1"


def test_site_prints_each_value_with_its_file_as_a_site_file(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files["machine"].write_text(
        "mpi = 'pmix'\nbinds = ['/scratch', '/a#b']\n"
        "[options]\nstep = ['--x']\n[promises]\ngpus = 4\n"
    )
    files["user"].write_text("mpi = 'pmi2'\n[environment]\nA = 'é\"'\n")
    assert run_hpcpy(["site"]) == 0
    shown = capsys.readouterr().out
    values = [line for line in shown.splitlines() if " = " in line]
    ends = {line.split(" ")[0]: line.rpartition("# ")[2] for line in values}
    of_machine = dict.fromkeys(("binds", "step", "gpus"), str(files["machine"]))
    built_in = dict.fromkeys(("engine", "node_local", "#"), "built in")
    of_user = dict.fromkeys(("mpi", "A"), str(files["user"]))
    assert ends == built_in | of_user | of_machine
    # A launch with GPUs takes another image.
    assert f'\n# image = "{paths.BUILD}/hpcpy.sif"' in shown
    (tmp_path / "again.toml").write_text(f"summary = 's'\n{shown}")
    again, first = find_site(str(tmp_path / "again.toml")), find_site("")
    for key in ("engine", "mpi", "node_local", "image", "binds", "environment"):
        assert getattr(again, key) == getattr(first, key)
    assert first.promises_file == str(files["machine"])
    assert run_hpcpy(["site", "--site=carc"]) == 0
    shown = capsys.readouterr().out
    assert str(FOLDER / "carc.toml") in shown
    assert str(files["user"]) not in shown


def test_site_prints_a_template_and_refuses_an_image_that_is_not_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The first line names the file that pages say to write beside it.
    for word, begin in (("--template", "#:schema schema.json\n"), ("--schema", "{\n")):
        assert run_hpcpy(["site", word]) == 0
        assert capsys.readouterr().out.startswith(begin)
    with pytest.raises(UsageError, match=r"IMAGE=my\.sfi: no such file"):
        run_hpcpy(["site", "--image", "my.sfi"])
