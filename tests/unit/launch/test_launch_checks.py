"""An image that cannot be run is reported before a job is asked for."""

import shutil
from pathlib import Path

import pytest
from small_sif import make_sif, needed_program

from hpcpy.launch.checks import absolute, check_image
from hpcpy_common.errors import UsageError
from small_standalone import make_standalone

REFERENCE = "registry.example.org/me/hpcpy:1"
DIGEST = f"localhost:5000/hpcpy@sha256:{'0' * 64}"
OF_A_STORE = ("podman", "podman-hpc", "shifter")


def refused(given: str, engine: str, *, is_staged: bool = False, is_here: bool = True) -> str:
    with pytest.raises(UsageError) as caught:
        check_image(given, engine, is_staged=is_staged, is_here=is_here)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def taken(given: str, engine: str, *, is_here: bool = True) -> str:
    return check_image(given, engine, is_staged=False, is_here=is_here)


def test_each_engine_takes_its_spellings() -> None:
    for engine, names in {
        "apptainer": ("oras://registry.example.org/x:1", "library://me/x", "shub://me/x"),
        "podman": ("oci-archive:/x.tar", "containers-storage:localhost/x"),
        "podman-hpc": (f"docker://{REFERENCE}",),
        "shifter": (f"docker:{REFERENCE}", f"id:{'0' * 64}"),
        # A module of the nodes may bring it.
        "none": (str(shutil.which("sh")), "python3.14", "/on/the/nodes/python3"),
    }.items():
        for name in ("", *names):
            assert taken(name, engine) == ""
    for engine in OF_A_STORE:
        for name in ("hpcpy", "me/hpcpy:1", "hpcpy:latest", REFERENCE, DIGEST):
            assert taken(name, engine) == ""


@pytest.mark.parametrize(
    ("given", "engines", "says"),
    [
        (REFERENCE, ("apptainer",), f"docker://{REFERENCE}"),
        ("build/hpcpy.sif", OF_A_STORE, REFERENCE),
        (f"docker://{REFERENCE}", ("shifter",), f"docker:{REFERENCE}"),
    ],
)
def test_another_name_is_refused(given: str, engines: tuple[str, ...], says: str) -> None:
    for engine in engines:
        assert says in refused(given, engine, is_here=False)


def test_apptainer_takes_what_it_can_run(tmp_path: Path) -> None:
    sif = make_sif(needed_program(), tmp_path, "made.sif").read_bytes()
    head = {"sif": sif, "squashfs": b"hsqs", "ext3": 1080 * b"\0" + b"S\xef"}
    for name, begin in head.items():
        (tmp_path / name).write_bytes(begin)
        assert taken(str(tmp_path / name), "apptainer") == ""
    (tmp_path / "sandbox/.singularity.d").mkdir(parents=True)
    assert taken(str(tmp_path / "sandbox"), "apptainer") == ""


def test_a_sif_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    sif = make_sif(needed_program(), tmp_path, "x.sif")
    whole = sif.read_bytes()
    for size in (42, 127, 128, 4000, len(whole) - 1):
        sif.write_bytes(whole[:size])
        for is_here in (True, False):
            assert f"is cut short: {size} " in refused(str(sif), "apptainer", is_here=is_here)
    # The number of descriptors: flipped bits.
    for number in (b"\xff" * 8, b"\0" * 5 + b"\x01\0\0"):
        sif.write_bytes(whole[:88] + number + whole[96:])
        assert "is damaged" in refused(str(sif), "apptainer")


def test_files_and_folders_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    archive, sif, absent = tmp_path / "x.oci.tar", tmp_path / "y.sif", str(tmp_path / "absent.sif")
    archive.write_bytes(b"index.json")
    sif.write_bytes(32 * b"#" + b"SIF_MAGIC\0")
    (tmp_path / "me/folder/.singularity.d").mkdir(parents=True)
    (tmp_path / "me/hpcpy").touch()
    is_none = "is nothing that Apptainer runs; a checkout makes a SIF"
    assert is_none in refused(str(archive), "apptainer")
    assert "is a folder" in refused(str(tmp_path), "apptainer")
    assert "file name too long" in refused("x" * 300, "apptainer")
    assert "no such file" in refused(absent, "apptainer")
    # It may lie on another machine, for which a script is.
    assert taken(absent, "apptainer", is_here=False) == "no such file"
    assert "is a folder" in refused("me/folder", "apptainer", is_staged=True)
    copied = refused(f"docker://{REFERENCE}", "apptainer", is_staged=True)
    assert "STAGE=1 copies a file" in copied
    assert "is a file" in refused("me/hpcpy", "podman")
    # A folder of that name may be anything.
    assert taken("me/folder", "podman") == ""
    for given in (tmp_path, sif):  # a folder, a text
        assert "is no file of `make standalone`" in refused(str(given), "standalone")
    assert "a checkout's `make standalone` makes" in refused(absent, "standalone")
    assert taken(absent, "standalone", is_here=False) == "no such file"
    program = str(shutil.which("sh"))
    assert "is no file of `make standalone`" in refused(program, "standalone")
    assert "ENGINE=standalone runs" in refused(program, "apptainer")


def test_the_one_file_is_whole_and_can_be_run(tmp_path: Path) -> None:
    file = make_standalone(tmp_path / "hpcpy-python")
    whole = file.read_bytes()
    assert taken(str(file), "standalone") == ""
    file.chmod(0o644)
    assert "cannot be executed; chmod a+rx" in refused(str(file), "standalone")
    for size in (64, len(whole) - 1):
        file.write_bytes(whole[:size])
        says = f"is cut short: {size} of {len(whole)} bytes; copy it again"
        assert says in refused(str(file), "standalone", is_here=False)
    # As by a copy that is going on.
    file.write_bytes(whole[:64].ljust(len(whole), b"\0"))
    assert "is no file of `make standalone`" in refused(str(file), "standalone")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("../images/x.sif", "images/x.sif"),
        ("link/../x.sif", "2026/x.sif"),
        ("../images/current.sif", "images/current.sif"),
        (".//x.sif", "private/x.sif"),
        ("..", ""),
    ],
)
def test_a_path_for_others_passes_no_folder_that_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, path: str
) -> None:
    for folder in ("private", "images", "2026/11"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "private/link").symlink_to(tmp_path / "2026/11")
    (tmp_path / "images/current.sif").symlink_to("x.sif")
    monkeypatch.chdir(tmp_path / "private")
    assert absolute(given, "apptainer") == str(tmp_path / path)
