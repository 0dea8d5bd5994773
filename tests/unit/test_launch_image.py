"""An image that the engine cannot take is reported before a job is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from small_sif import make_sif, needed_program

from hpcpy.build.plan import make_plan
from hpcpy.build.sif_header import settle
from hpcpy.errors import UsageError
from hpcpy.launch.image import check_image
from hpcpy.launch.own_image import has_these_workloads
from hpcpy.launch.request import ENGINES

REFERENCE = "registry.example.org/me/hpcpy:1"
DIGEST = f"localhost:5000/hpcpy@sha256:{'0' * 64}"


def refused(given: str, engine: str, *, is_staged: bool = False, is_here: bool = True) -> str:
    with pytest.raises(UsageError) as caught:
        check_image(given, engine, is_staged=is_staged, is_here=is_here)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def taken(given: str, engine: str, *, is_here: bool = True) -> str:
    return check_image(given, engine, is_staged=False, is_here=is_here)


@pytest.mark.parametrize("engine", ENGINES)
def test_without_a_name_there_is_nothing_to_check(engine: str) -> None:
    assert taken("", engine) == ""


@pytest.mark.parametrize("is_here", [True, False])
@pytest.mark.parametrize("given", [REFERENCE, f"docker:{REFERENCE}"])
def test_apptainer_is_told_how_it_names_a_registrys_image(given: str, *, is_here: bool) -> None:
    assert f"docker://{REFERENCE}" in refused(given, "apptainer", is_here=is_here)


def test_apptainer_takes_what_it_can_run(tmp_path: Path) -> None:
    sif = make_sif(needed_program(), tmp_path, "made.sif").read_bytes()
    head = {"sif": sif, "squashfs": b"hsqs", "ext3": 1080 * b"\0" + b"S\xef"}
    for name, begin in head.items():
        (tmp_path / name).write_bytes(begin)
        assert taken(str(tmp_path / name), "apptainer") == ""
    (tmp_path / "sandbox/.singularity.d").mkdir(parents=True)
    assert taken(str(tmp_path / "sandbox"), "apptainer") == ""
    assert taken(f"docker://{REFERENCE}", "apptainer") == ""
    assert taken(f"oci-archive:{tmp_path}/x.tar", "apptainer") == ""


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


def test_apptainer_gets_no_other_file_and_no_folder(tmp_path: Path) -> None:
    archive = tmp_path / "hpcpy.oci.tar"
    archive.write_bytes(b"index.json")
    assert "is nothing that Apptainer runs" in refused(str(archive), "apptainer")
    assert "is a folder" in refused(str(tmp_path), "apptainer")
    assert "no such file" in refused(str(tmp_path / "x.sif"), "apptainer")
    assert "file name too long" in refused("x" * 300, "apptainer")


def test_a_script_may_name_a_file_of_another_machine(tmp_path: Path) -> None:
    absent = str(tmp_path / "x.sif")
    assert taken(absent, "apptainer", is_here=False) == "no such file"


def test_what_is_staged_is_a_file(tmp_path: Path) -> None:
    (tmp_path / ".singularity.d").mkdir()
    assert "is a folder" in refused(str(tmp_path), "apptainer", is_staged=True)
    uri = f"docker://{REFERENCE}"
    assert "STAGE=1 copies a file" in refused(uri, "apptainer", is_staged=True)


@pytest.mark.parametrize("engine", ["podman", "podman-hpc", "shifter"])
@pytest.mark.parametrize(
    "given", ["build/hpcpy.sif", "/images/hpcpy.sif", "hpcpy.oci.tar", "Me/hpcpy", "a b", "a:b:c"]
)
def test_the_others_are_given_a_reference(engine: str, given: str) -> None:
    assert REFERENCE in refused(given, engine, is_here=False)


@pytest.mark.parametrize("engine", ["podman", "podman-hpc", "shifter"])
@pytest.mark.parametrize("given", ["hpcpy", "me/hpcpy:1", "hpcpy:latest", REFERENCE, DIGEST])
def test_the_others_take_a_reference(engine: str, given: str) -> None:
    assert taken(given, engine) == ""


def test_each_has_spellings_of_its_own(tmp_path: Path) -> None:
    archive = str(tmp_path / "x.tar")
    assert taken(f"oci-archive:{archive}", "podman") == ""
    assert taken(f"docker://{REFERENCE}", "podman-hpc") == ""
    for given in (f"docker:{REFERENCE}", f"id:{'0' * 64}"):
        assert taken(given, "shifter") == ""
    assert f"docker:{REFERENCE}" in refused(f"docker://{REFERENCE}", "shifter")


@pytest.mark.parametrize("engine", ["apptainer", "podman", "podman-hpc"])
@pytest.mark.parametrize("given", ["ftp://x/y", "docker://x y", "docker://", "nosuch://x"])
def test_where_an_image_comes_from_is_what_the_engine_knows(engine: str, given: str) -> None:
    assert f"IMAGE={given}: " in refused(given, engine, is_here=False)


def test_a_scheme_of_another_engine_is_refused() -> None:
    for given in ("oras://registry.example.org/x:1", "library://me/x", "shub://me/x"):
        assert taken(given, "apptainer") == ""
        assert "podman takes a reference" in refused(given, "podman")
    assert "Apptainer takes a SIF" in refused("containers-storage:x", "apptainer")
    assert taken("containers-storage:localhost/x", "podman") == ""


def test_a_file_that_is_there_is_no_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "images/hpcpy").touch()
    assert "is a file" in refused("images/hpcpy", "podman")
    # A folder of that name may be anything.
    (tmp_path / "me/hpcpy").mkdir(parents=True)
    assert taken("me/hpcpy", "podman") == ""


def test_without_an_engine_a_python_is_needed(tmp_path: Path) -> None:
    (tmp_path / "x.sif").write_bytes(32 * b"#" + b"SIF_MAGIC\0")
    for given in (tmp_path, tmp_path / "x.sif"):
        assert "takes a Python" in refused(str(given), "none")
    # A module of the nodes may bring it.
    for name in (shutil.which("sh"), "python3.14", "/on/the/nodes/python3"):
        assert taken(str(name), "none") == ""


@pytest.mark.long
def test_a_sif_of_this_checkout_is_known_wherever_it_lies(tmp_path: Path) -> None:
    sif = make_sif(needed_program(), tmp_path, "copy.sif")
    plan = make_plan()
    for name, is_ours in (("hpcpy", True), ("hpcpy-cuda", True), ("builder", False)):
        settle(sif, plan.image_key(plan.graph.image(name)), plan.epoch)
        assert has_these_workloads(str(sif), "apptainer") == is_ours


def test_no_other_image_is_said_to_be_this_checkouts(tmp_path: Path) -> None:
    assert has_these_workloads("", "apptainer")
    (tmp_path / "x").write_bytes(b"short")
    for given in (f"docker://{REFERENCE}", str(tmp_path), str(tmp_path / "x"), "/no/such"):
        assert not has_these_workloads(given, "apptainer")
    for engine in ("podman", "podman-hpc", "shifter", "none"):
        assert not has_these_workloads("", engine)
