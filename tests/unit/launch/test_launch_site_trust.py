"""Site files that are not taken: that others could have written, that are closed, or no files."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment

from hpcpy.launch.layers import find_site
from hpcpy_common import site_file
from hpcpy_common.errors import UsageError
from running import Done, run


def write_of(file: Path, text: str, modes: tuple[int, int], owners: tuple[int, int]) -> None:
    """Write a file, by the modes of its folder and of itself and by its owner and group."""
    if owners != (0, 0) and os.geteuid() != 0:
        pytest.skip("gives files to another user: as root")
    file.write_text(text)
    for path, mode in zip((file.parent, file), modes, strict=True):
        path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(file, *owners)


EVERYBODY = "everybody can change it"


# The modes of its folder and of itself, its owner and group; that of the image beside it.
@pytest.mark.parametrize(
    ("name", "modes", "owners", "of_image", "says"),
    [
        ("image", (0o755, 0o644), (0, 0), 0, ""),
        ("image", (0o755, 0o664), (0, 0), 0, ""),
        ("image", (0o755, 0o646), (0, 0), 0, "other users can write to"),
        ("image", (0o777, 0o644), (0, 0), 0, "other users can write to"),
        # A group of several.
        ("image", (0o755, 0o664), (0, 100), 0, "other users can write to"),
        ("image", (0o755, 0o644), (65534, 65534), 0, "belongs to user nobody"),
        ("image", (0o755, 0o644), (65534, 65534), 65534, ""),
        ("image", (0o755, 0o644), (0, 0), 65534, ""),
        ("machine", (0o755, 0o644), (0, 0), 0, ""),
        # A centre's staff.
        ("machine", (0o2775, 0o664), (0, 0), 0, ""),
        *(("machine", (0o755, mode), (0, 0), 0, EVERYBODY) for mode in (0o666, 0o646, 0o777)),
        ("machine", (0o777, 0o644), (0, 0), 0, "everybody can write to "),
        ("machine", (0o755, 0o644), (1234, -1), 0, "it belongs to user 1234"),
        ("module", (0o755, 0o646), (0, 0), 0, f"{EVERYBODY}; chmod o-w"),
        ("module", (0o777, 0o644), (0, 0), 0, "everybody can write to .*/module; chmod o-w"),
        ("module", (0o1777, 0o644), (65534, -1), 0, "everybody can write to "),
        ("module", (0o2775, 0o664), (65534, -1), 0, ""),
        ("module", (0o1777, 0o644), (0, 0), 0, ""),
    ],
)
def test_a_file_that_others_can_change_is_not_taken(
    files: dict[str, Path],
    image: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
    modes: tuple[int, int],
    owners: tuple[int, int],
    of_image: int,
    says: str,
) -> None:
    write_of(files[name], "binds = ['/true']", modes, owners)
    if of_image:
        os.chown(image, of_image, -1)
    if name == "module":
        monkeypatch.setenv(site_file.VARIABLE, str(files[name]))
        if says:
            with pytest.raises(UsageError, match=says):
                find_site("")
            return
    assert find_site("", image).binds == (() if says else ("/true",))
    told = capsys.readouterr().err
    assert re.search(rf"{files[name]} is not read: .*{says}", told) if says else told == ""


def linked(way: str, file: Path, everybodys: Path) -> Path:
    """Lead a site file through a folder; return the file to be named."""
    target = everybodys / ("below/site.toml" if way == "folder above" else "site.toml")
    target.parent.mkdir(parents=True)
    target.write_text("binds = ['/true']")
    if way == "link in it":
        target.rename(file.with_name("real.toml"))
        target.symlink_to(file.with_name("real.toml"))
    if way == "link through it":
        (file.parent / "above").mkdir()
        target.rename(file.parent / "above" / target.name)
        (everybodys / "middle").symlink_to(file.parent / "above")
        file.with_name("link").symlink_to(everybodys / "middle")
        return file.with_name("link") / target.name
    if way == "link to it":
        file.with_name("link").symlink_to(everybodys)
        return file.with_name("link") / target.name
    file.symlink_to(target)
    return file


@pytest.mark.parametrize(
    "way", ["file in it", "link in it", "link to it", "folder above", "link through it"]
)
def test_nor_is_one_whose_way_leads_through_a_folder_of_everybody(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A neighbour had put a line of shell into a user's job, behind a link of the centre's."""
    file = linked(way, files["module"], tmp_path / "everybody's")
    monkeypatch.setenv(site_file.VARIABLE, str(file))
    assert find_site("").binds == ("/true",)
    (tmp_path / "everybody's").chmod(0o777)
    with pytest.raises(UsageError, match=r"everybody can write to .*/(everybody's|link); "):
        find_site("")


@pytest.mark.parametrize("name", ["machine", "image"])
def test_nor_is_a_link_into_such_a_folder(
    files: dict[str, Path], image: str, tmp_path: Path, *, name: str
) -> None:
    linked("file in it", files[name], tmp_path / "everybody's")
    assert find_site("", image).binds == ("/true",)
    (tmp_path / "everybody's").chmod(0o777)
    assert find_site("", image).binds == ()


def test_nor_are_links_between_of_which_one_is_anothers(
    files: dict[str, Path], image: str, tmp_path: Path
) -> None:
    target = tmp_path / "real.toml"
    target.write_text("binds = ['/true']")
    (tmp_path / "between").mkdir()
    (tmp_path / "between/middle").symlink_to(target)
    files["image"].symlink_to(tmp_path / "between/middle")
    assert find_site("", image).binds == ("/true",)
    (tmp_path / "between").chmod(0o777)
    assert find_site("", image).binds == ()


def test_nor_is_the_file_of_another_users_home(files: dict[str, Path]) -> None:
    files["user"].write_text("binds = ['/true']")
    assert find_site("").binds == ("/true",)
    if os.geteuid() != 0:
        pytest.skip("gives a folder to another user: as root")
    os.chown(files["user"].parent, 1, -1)
    assert find_site("").binds == ()


def test_a_path_of_links_is_walked_to_its_end_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/up").symlink_to("../b/..")
    (tmp_path / "round").symlink_to("round")
    assert [*site_file.way_to(tmp_path / "a/b/up/b/x")][-4:] == [
        *(tmp_path / name for name in ("a/b/up", "a/b", "a/b", "a/b/x"))
    ]
    with pytest.raises(OSError, match="Too many levels"):
        list(site_file.way_to(tmp_path / "round/x"))


def test_in_a_user_namespace_the_machines_file_of_root_is_read(files: dict[str, Path]) -> None:
    """As in a container of an ordinary user, who sees root's files as of nobody."""
    write_of(files["machine"], "", (0o755, 0o644), (1234, -1))
    code = "import pathlib as p, sys; from hpcpy_common import site_file as s"
    words = (sys.executable, "-c", f"{code}; print(s.why_not_in_etc(p.Path(sys.argv[1])))")
    done = run("unshare", "--user", "--map-root-user", *words, files["machine"], env=environment())
    if "unshare failed" in done.stderr:
        pytest.skip("no user namespaces here")
    assert (done.stdout, done.stderr) == ("\n", "")
    files["machine"].chmod(0o666)
    done = run("unshare", "--user", "--map-root-user", *words, files["machine"], env=environment())
    assert done.stdout == "everybody can change it\n"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("name", ["machine", "image", "module", "user"])
def test_what_is_no_file_is_not_read(
    files: dict[str, Path],
    image: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
    make: Callable[[Path], None],
) -> None:
    make(files[name])
    if name == "module":
        monkeypatch.setenv(site_file.VARIABLE, str(files[name]))
        with pytest.raises(UsageError, match="it is no file"):
            find_site("")
        return
    assert find_site("", image).name == "local"
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


@pytest.mark.parametrize("name", ["a,b", "a:b", "a$b"])
def test_a_modules_file_has_a_path_that_engines_can_bind(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "site.toml").write_text("mpi = 'pmix'")
    monkeypatch.setenv(site_file.VARIABLE, str(tmp_path / name / "site.toml"))
    with pytest.raises(UsageError, match="and no engine binds such a path into a container; move"):
        find_site("")


def test_a_module_whose_file_has_gone_is_no_site_without_it(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(site_file.VARIABLE, str(files["module"]))
    with pytest.raises(UsageError, match=r"HPCPY_SITE_FILE=.*: there is no such file"):
        find_site("")
