"""What distributions say of themselves after a recipe, or a bake, has changed their files."""

import json
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from small_bundle import write

from bundle.records import renew

HOME = "own-1.0.dist-info"
# Of "VALUE = 1\n".
RIGHT = "sha256=4T34xEr13qHkEkA5ELmcxaSPLMv2imazN01quc75_GU,10"


@pytest.mark.parametrize(
    ("origin", "is_kept"),
    [
        ({"url": "file:///context/stack/own-1.0-py3-none-any.whl", "archive_info": {}}, False),
        ({"url": "file:///root/own", "dir_info": {}}, False),
        ({"url": "file:///root/own", "vcs_info": {"vcs": "git", "commit_id": "1"}}, False),
        ({"url": "https://example.org/own.git", "vcs_info": {"vcs": "git"}}, True),
        ({"url": "https://example.org/own-1.0.tar.gz", "archive_info": {}}, True),
        (None, False),
    ],
)
def test_only_what_can_be_fetched_again_is_an_origin(
    origin: object, is_kept: bool, tmp_path: Path
) -> None:
    write(tmp_path, {f"{HOME}/RECORD": f"{HOME}/direct_url.json,,\n{HOME}/RECORD,,\n"})
    if origin is not None:
        (tmp_path / HOME / "direct_url.json").write_text(json.dumps(origin))
    renew(tmp_path, [HOME])
    assert (tmp_path / HOME / "direct_url.json").exists() == is_kept
    assert ("direct_url" in (tmp_path / HOME / "RECORD").read_text()) == is_kept


def test_a_record_lists_what_is_there_as_it_is(tmp_path: Path) -> None:
    site = tmp_path / "lib/python3.14/site-packages"
    rows = {
        "own/same.py": (f"own/same.py,{RIGHT}\n", f"own/same.py,{RIGHT}\n"),
        "own/changed.py": ("own/changed.py,sha256=AAAA,3\n", f"own/changed.py,{RIGHT}\n"),
        "own/unsigned.py": ("own/unsigned.py,,\n", f"own/unsigned.py,{RIGHT}\n"),
        "own/a, b.py": ('"own/a, b.py",sha256=AAAA,3\n', f'"own/a, b.py",{RIGHT}\n'),
        "../../../bin/own": ("../../../bin/own,,\n", f"../../../bin/own,{RIGHT}\n"),
    }
    write(site, dict.fromkeys(rows, "VALUE = 1\n"))
    gone = "own/tests/__init__.py,sha256=AAAA,3\n../../../share/man/man1/own.1,,\n"
    itself = f"{HOME}/RECORD,,\n"
    write(site, {f"{HOME}/RECORD": gone + "".join(row for row, _ in rows.values()) + itself})
    for _ in range(2):
        renew(site, [HOME])
        record = (site / HOME / "RECORD").read_text()
        assert record == "".join(row for _, row in rows.values()) + itself
    files = PathDistribution(site / HOME).files
    assert files is not None
    assert len(files) == len(rows) + 1
