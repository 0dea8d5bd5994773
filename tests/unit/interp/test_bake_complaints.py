"""pip's complaints become one line; baked files are put in their places, all or none."""

import os
import sys
from importlib.metadata import PathDistribution
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_bundle  # noqa: F401 - has the bake's modules on sys.path

from hpcpy_bake import installed
from hpcpy_bake.complaints import explain
from hpcpy_bake.moves import Moves
from hpcpy_bake.second import Second

OWN = {"numpy": "9.8.7"}
# With a lock that was made on a base which already has this package.
UNPINNED = """\
Processing /wheels/frames-1.0-cp314-cp314-manylinux_2_28_x86_64.whl (from -r lock.txt (line 1))
ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. \
These do not:
    python-dateutil[extra]>=2.8.2 from file:///wheels/python_dateutil-2.9-py3-none-any.whl \
(from frames==1.0->-r lock.txt (line 1))
"""
NOWHERE = """\
ERROR: Could not find a version that satisfies the requirement nowhere (from versions: none)
ERROR: No matching distribution found for nowhere
"""

# What pip 26 says of a server whose certificate it cannot verify, and of one that
# does not answer, before it prints NOWHERE.
TLS = """\
Looking in indexes: https://localhost:45127/simple
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after \
connection broken by 'SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] \
certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)'))': \
/simple/nowhere/
Could not fetch URL https://localhost:45127/simple/nowhere/: There was a problem confirming the \
ssl certificate: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local \
issuer certificate (_ssl.c:1006) - skipping
"""
REFUSED = """\
WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after \
connection broken by 'NewConnectionError("HTTPSConnection(host='localhost', port=1): Failed to \
establish a new connection: [Errno 111] Connection refused")': /simple/nowhere/
"""


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (UNPINNED, 2, "have hashes, but none for python-dateutil[extra]>=2.8.2; add it"),
        (
            TLS + NOWHERE,
            69,
            "unable to get local issuer certificate (_ssl.c:1006); name your site's",
        ),
        (REFUSED + NOWHERE, 69, "Connection refused"),
        ("something else\n", 69, "something else"),
    ],
)
def test_each_complaint_is_one_line(said: str, code: int, words: str) -> None:
    error = explain(said, OWN)
    assert error.code == code
    assert words in str(error)
    assert "\n" not in str(error)


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_what_was_moved_is_moved_back_and_bears_its_time(tmp_path: Path) -> None:
    new, there = write(tmp_path / "new", "a/b"), write(tmp_path / "there", "a/x")
    os.utime(there / "a", (1, 1))

    def stop() -> None:
        with Moves() as moves:
            moves.merge(new, there)
            assert (there / "a/b").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert set(tree(there)) == {"a", "a/x"}
    assert (there / "a").stat().st_mtime == 1


# What a RECORD may name, and whether it is the distribution's alone.
IMAGES = 5  # the time of the image's own files
NAMES = {
    "old/code.py": True,
    "../../../bin/old.py": True,
    "{root}/opt/lib/python3/site-packages/old/code.py": True,
    "../../../../etc/code.py": False,
    "old/../../../../../etc/code.py": False,
    "{root}/etc/code.py": False,
    "link/code.py": False,
    "old/../link/code.py": False,
    "../os.py": False,
    "../../../bin/python3": False,
    "numpy/code.py": False,
    "other/code.py": False,
    "old/../other/code.py": False,
    "alias/code.py": False,
    "other-1.dist-info/RECORD": False,
}


@pytest.mark.parametrize(("name", "is_own"), NAMES.items(), ids=[*NAMES])
def test_no_file_of_another_is_moved_or_linked(
    name: str, is_own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt, site = tmp_path / "opt", tmp_path / "opt/lib/python3/site-packages"
    write(tmp_path, "etc/code.py", "opt/bin/old.py")
    write(site, "old/code.py", "old-1.dist-info/METADATA", "other/code.py", "numpy/code.py")
    for path in ("bin/python3", "lib/python3/os.py", "lib/python3/site-packages/numpy/code.py"):
        write(opt, path)
        os.utime(opt / path, (IMAGES, IMAGES))
    write(site, "other-1.dist-info/METADATA", "other-1.dist-info/RECORD")
    (site / "other-1.dist-info/RECORD").write_text("other/code.py,,\nother-1.dist-info/METADATA,,")
    (site / "alias").symlink_to("other")
    (site / "old-1.dist-info/RECORD").write_text(f"{name.format(root=tmp_path)},,\n")
    (site / "link").symlink_to(tmp_path / "etc")
    monkeypatch.setattr(sys, "prefix", str(opt))
    for folder in ("stage", "away"):
        (tmp_path / folder).mkdir()
    old = PathDistribution(site / "old-1.dist-info")
    rest = [PathDistribution(site / "other-1.dist-info")]
    image = SimpleNamespace(bundle=SimpleNamespace(epoch=IMAGES))
    monkeypatch.setattr(installed, "finder", lambda: image)
    before = tree(tmp_path / "etc")
    Second(site.parent, tmp_path / "stage")._scan({"old": old})
    with Moves() as moves:
        moves.take_away(site, installed.alone(site, installed.files(old), rest), tmp_path / "away")
    assert len([*(tmp_path / "away").iterdir()]) == is_own
    assert tree(tmp_path / "etc") == before
