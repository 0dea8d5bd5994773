"""The Makefile: what it lists, what it calls, and where it may lie."""

import shutil
from pathlib import Path

import pytest
from makefile import copy, make, make_help

from tiers import sampled

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make here: apt install make")
PLACES = ["a b", "it's", 'a "b" c', "a&b|c", "50%`x`", "(a) [b]* ?"]


def test_clean_removes_in_the_checkout_and_not_in_the_working_directory(tmp_path: Path) -> None:
    checkout = copy(tmp_path / "checkout")
    mine = tmp_path / "mine"
    for folder in (checkout, mine):
        for name in ("hpcpy.sif", "hpcpy.oci.tar", "logs/x.log", "docs/a/b", "tools/kept"):
            (folder / "build" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "build" / name).touch()
    for target, left in (("clean", {"tools", ".lock"}), ("distclean", set())):
        done = make("-f", checkout / "Makefile", target, cwd=mine)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert {path.name for path in checkout.glob("build/*")} == left
    assert not (checkout / "build").exists()
    assert len(list((mine / "build").iterdir())) == 5


@pytest.mark.parametrize("name", sampled(PLACES, keep=2))
def test_checkout_may_lie_in_an_odd_place(tmp_path: Path, name: str) -> None:
    checkout = copy(tmp_path / name)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "links").mkdir()
    (tmp_path / "links/Makefile").symlink_to(checkout / "Makefile")
    for words, cwd in (
        (("-f", tmp_path / "links/Makefile"), tmp_path / "elsewhere"),
        (("-f", checkout / "Makefile"), tmp_path / "elsewhere"),
        (("-f", Path("..") / name / "Makefile"), tmp_path / "elsewhere"),
        (("-C", checkout), tmp_path),
        ((), checkout),
    ):
        (checkout / "build").mkdir()
        (checkout / "build/hpcpy.sif").touch()
        assert "distclean" in make_help(*words, cwd=cwd)
        done = make(*words, "distclean", cwd=cwd)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert not (checkout / "build").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["a:b", "a$(b)", "a\nb"])
def test_place_that_mounts_cannot_name_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    checkout = copy(tmp_path / name)
    (checkout / "build").mkdir()
    done = make("-f", checkout / "Makefile", "distclean", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "which mounts cannot have; move the checkout" in done.stderr
    assert done.stderr.index("\n") == done.stderr.index("\nmake: ***")
    assert (checkout / "build").is_dir()
