"""What is said once, in site.toml of the machine, the image, the module and the user."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment

from hpcpy.commands import run as run_hpcpy
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch.site import FOLDER, find_site
from hpcpy_common import site_file
from running import Done, run

WHERE = ("machine", "image", "module", "user")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Give where each file would be; a variable names the module's once it is there."""
    monkeypatch.setattr(site_file, "OF_MACHINE", tmp_path / "etc/site.toml")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(site_file.VARIABLE, raising=False)
    places = ("etc", "images", "module", "config/hpcpy")
    for place in places:
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "images/my.sif").touch()
    return {name: tmp_path / place / "site.toml" for name, place in zip(WHERE, places, strict=True)}


def image(files: dict[str, Path]) -> str:
    return str(files["image"].with_name("my.sif"))


@pytest.mark.parametrize("last", range(len(WHERE)))
def test_each_file_is_over_those_before_it(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    for number, name in enumerate(WHERE[: last + 1]):
        files[name].write_text(
            f"mpi = 'kind{number}'\n"
            + (f"time = '{number}'\n" if number < 2 else "")
            + f"[environment]\nOF{number} = 'x'\nALL = '{number}'\n"
        )
    if last >= WHERE.index("module"):
        monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    site = find_site("", image(files))
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
    assert find_site("").mpi == mpi
    assert run_hpcpy(["site"]) == 0
    assert f'mpi = "{mpi}" ' in capsys.readouterr().out


def test_a_named_site_replaces_all(files: dict[str, Path]) -> None:
    files["user"].write_text("engine = 'shifter'")
    engines = [find_site(name).engine for name in ("", "carc", "local")]
    assert engines == ["shifter", "apptainer", "apptainer"]


def test_ranks_of_a_named_site_do_not_look_at_what_the_machine_promises(
    files: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    for is_there in (False, True):
        if is_there:
            files["machine"].write_text("[promises]\ngpus = 4\n")
        words = ("--dry", "--site=carc", "--account=me", "--image=docker://me/x", "--", "my.py")
        assert run_hpcpy(["launch", *words]) == 0
        assert ("--site=/dev/null" in capfd.readouterr().out) == is_there


def test_the_file_beside_an_image_is_for_this_image_alone(files: dict[str, Path]) -> None:
    files["image"].write_text("engine = 'podman'")
    link = files["module"].with_name("link.sif")
    link.symlink_to(image(files))
    names = (image(files), str(link), "", "not/there.sif", "docker://me/hpcpy:1", "x" * 300)
    engines = [find_site("", name).engine for name in names]
    assert engines == ["podman"] * 2 + ["apptainer"] * 4


@pytest.mark.parametrize(
    ("mode", "owners", "owner_of_image", "is_read"),
    [
        (0o644, (0, 0), 0, True),
        (0o664, (0, 0), 0, True),
        (0o646, (0, 0), 0, False),
        # A group of several.
        (0o664, (0, 100), 0, False),
        (0o644, (65534, 65534), 0, False),
        (0o644, (65534, 65534), 65534, True),
        (0o644, (0, 0), 65534, True),
    ],
)
def test_a_neighbours_file_beside_an_image_is_not_read(
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    mode: int,
    owners: tuple[int, int],
    *,
    owner_of_image: int,
    is_read: bool,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("gives files to another user: as root")
    files["image"].write_text("setup = ['true']")
    files["image"].chmod(mode)
    os.chown(files["image"], *owners)
    os.chown(image(files), owner_of_image, -1)
    assert find_site("", image(files)).setup == (("true",) if is_read else ())
    assert ("is not read" in capsys.readouterr().err) is not is_read


def write_of(file: Path, text: str, modes: tuple[int, int], owner: int) -> None:
    """Write a file of a user, or of this one, by the modes of its folder and of itself."""
    if owner and os.geteuid() != 0:
        pytest.skip("gives files to another user: as root")
    file.write_text(text)
    for path, mode in zip((file.parent, file), modes, strict=True):
        path.chmod(mode)
    os.chown(file, owner or -1, -1)


@pytest.mark.parametrize(
    ("modes", "owner", "says"),
    [
        ((0o755, 0o644), 0, ""),
        # A centre's staff.
        ((0o2775, 0o664), 0, ""),
        ((0o755, 0o666), 0, "everybody can change it"),
        ((0o755, 0o646), 0, "everybody can change it"),
        ((0o755, 0o777), 0, "everybody can change it"),
        ((0o777, 0o644), 0, "everybody can write to "),
        ((0o755, 0o644), 1234, "it belongs to user 1234"),
    ],
)
def test_a_machines_file_that_others_can_change_is_not_read(
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    modes: tuple[int, int],
    owner: int,
    says: str,
) -> None:
    file = files["machine"]
    write_of(file, "setup = ['true']", modes, owner)
    assert find_site("").setup == (() if says else ("true",))
    told = capsys.readouterr().err
    assert (f"{file} is not read: {says}" in told) if says else not told


def test_in_a_user_namespace_the_machines_file_of_root_is_read(files: dict[str, Path]) -> None:
    """As in a container of an ordinary user, who sees root's files as of nobody."""
    write_of(files["machine"], "", (0o755, 0o644), 1234)
    code = "import pathlib as p, sys; from hpcpy_common import site_file as s"
    words = (sys.executable, "-c", f"{code}; print(s.why_not_in_etc(p.Path(sys.argv[1])))")
    done = run("unshare", "--user", "--map-root-user", *words, files["machine"], env=environment())
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert (done.stdout, done.stderr) == ("\n", "")
    files["machine"].chmod(0o666)
    done = run("unshare", "--user", "--map-root-user", *words, files["machine"], env=environment())
    assert done.stdout == "everybody can change it\n"


def test_a_neighbours_folder_has_no_file_for_others(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files["image"].write_text("setup = ['true']")
    files["image"].parent.chmod(0o777)
    assert find_site("", image(files)).setup == ()
    assert "other users can write to" in capsys.readouterr().err


@pytest.mark.parametrize("name", WHERE)
def test_a_fault_names_its_file(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    files["module"].touch()
    files[name].write_text("egnine = 'podman'")
    with pytest.raises(UsageError, match=rf"{files[name]}: egnine: unknown key"):
        find_site("", image(files))


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("name", ["machine", "image", "user"])
def test_what_is_no_file_is_not_read(
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    name: str,
    make: Callable[[Path], None],
) -> None:
    make(files[name])
    assert find_site("", image(files)).name == "local"
    assert f"{files[name]} is not read: it is no file" in capsys.readouterr().err


def site_command(*words: str, **variables: str) -> Done:
    command = (sys.executable, "-m", "hpcpy", "site", *words)
    return run(*AS_ANY_USER, *command, env=environment(**variables))


@pytest.mark.parametrize(
    ("closed", "words", "variable"),
    [
        ("hpcpy/site.toml", [], "XDG_CONFIG_HOME"),
        ("hpcpy", [], "XDG_CONFIG_HOME"),
        ("hpcpy", [], site_file.VARIABLE),
        ("hpcpy/site.toml", ["--site={}/hpcpy/site.toml"], ""),
        ("hpcpy", ["--site={}/hpcpy/site.toml"], ""),
        ("hpcpy/site.toml", ["--image={}/hpcpy/x.sif"], ""),
    ],
)
def test_what_is_closed_is_an_error_with_the_next_step(
    tmp_path: Path, closed: str, words: list[str], variable: str
) -> None:
    file = tmp_path / "hpcpy/site.toml"
    file.parent.mkdir()
    file.write_text("summary = 's'\n")
    file.with_name("x.sif").touch()
    (tmp_path / closed).chmod(0)
    value = str(file if variable == site_file.VARIABLE else tmp_path)
    named = {variable: value} if variable else {}
    done = site_command(*(word.format(tmp_path) for word in words), **named)
    (tmp_path / closed).chmod(0o700)
    says = f"hpcpy site: {file}: cannot be read (permission denied); its owner opens it"
    assert (done.returncode, done.stdout, done.stderr[: len(says)]) == (2, "", says)
    assert len(done.stderr.splitlines()) == 1


def test_in_a_home_that_is_closed_there_is_no_file_of_yours(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0)
    # A user whom /etc/passwd does not know has the last.
    for home in (f"{tmp_path}/home", "~nobody-has-this-name"):
        done = site_command(HOME=home, XDG_CONFIG_HOME="")
        assert (done.returncode, done.stderr) == (0, ""), home
        assert "# yours: none\n" in done.stdout


def test_a_path_that_would_be_a_line_of_a_script_is_refused(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert files
    odd = tmp_path / "a\ntouch b\n#/hpcpy"
    odd.mkdir(parents=True)
    (odd / "site.toml").write_text("mpi = 'pmix'")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(odd.parent))
    with pytest.raises(UsageError, match="cannot be printed"):
        find_site("")


def test_an_image_lies_beside_the_file_that_names_it_and_has_its_own(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files["machine"].write_text(f"image = '{image(files)}'\nmpi = 'a'")
    files["image"].write_text("mpi = 'b'\nimage = 'other.sif'")
    site = find_site("")
    other = str(files["image"].with_name("other.sif"))
    assert (site.mpi, site.image) == ("b", other)
    assert run_hpcpy(["site"]) == 0
    assert re.search(rf'(?m)^image = "{other}" +# {files["image"]}$', capsys.readouterr().out)
    files["machine"].write_text("engine = 'shifter'\nimage = 'docker:me/hpcpy:1'")
    assert find_site("").image == "docker:me/hpcpy:1"


def test_a_module_whose_file_has_gone_is_no_site_without_it(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    with pytest.raises(UsageError, match=r"HPCPY_SITE_FILE=.*: there is no such file"):
        find_site("")


@pytest.mark.parametrize(
    ("modes", "owner", "says"),
    [
        ((0o755, 0o646), 0, "everybody can change it; chmod o-w"),
        ((0o777, 0o644), 0, "everybody can write to .*/module; chmod o-w"),
        ((0o1777, 0o644), 65534, "everybody can write to "),
        # A centre's own user, and its staff.
        ((0o2775, 0o664), 65534, ""),
        ((0o1777, 0o644), 0, ""),
    ],
)
def test_a_module_whose_file_others_can_change_is_refused(
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    modes: tuple[int, int],
    owner: int,
    says: str,
) -> None:
    file = files["module"]
    monkeypatch.setenv(site_file.VARIABLE, str(file))
    write_of(file, "mpi = 'pmix'", modes, owner)
    if says:
        with pytest.raises(UsageError, match=says):
            find_site("")
    else:
        assert find_site("").mpi == "pmix"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_module_that_names_no_file_is_refused(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    make(files["module"])
    monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    with pytest.raises(UsageError, match="it is no file"):
        find_site("")


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
    assert first.promises == str(files["machine"])
    assert run_hpcpy(["site", "--site=carc"]) == 0
    shown = capsys.readouterr().out
    assert str(FOLDER / "carc.toml") in shown
    assert str(files["user"]) not in shown


def test_site_prints_a_template_and_refuses_an_image_that_is_not_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_hpcpy(["site", "--template"]) == 0
    assert capsys.readouterr().out == (FOLDER / "template.toml").read_text()
    # Its first line names the file that pages say to write beside it.
    (schema,) = re.findall(r"\A#:schema (\S+)\n", (FOLDER / "template.toml").read_text())
    for page in ("centre", "sites"):
        text = (paths.ROOT / f"docs/how-to/{page}.md").read_text()
        assert f" site --schema > {schema}" in text
    assert run_hpcpy(["site", "--schema"]) == 0
    assert capsys.readouterr().out == (FOLDER / schema).read_text()
    with pytest.raises(UsageError, match=r"IMAGE=my\.sfi: no such file"):
        run_hpcpy(["site", "--image", "my.sfi"])
