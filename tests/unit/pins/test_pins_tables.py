"""Every malformed table of env/ is one line with file, table and key."""

from pathlib import Path

import pytest

from hpcpy.pins.debian import debian_request, debs, snapshot_epoch
from hpcpy.pins.model import sources, wheels
from hpcpy_common.errors import UsageError

DIGEST = "0" * 64
SOURCES = f"""
[thing]
version = "7.1"
licence = "MIT"
why = "a test"
[[thing.sources]]
url = "https://h.invalid/thing-{{version}}.tar"
size = 5
sha256 = "{DIGEST}"
"""
DEBIAN = """
architectures = ["x86_64"]
snapshot = "https://h.invalid/{archive}/{timestamp}/{path}"
suites = [{ archive = "debian", name = "stable" }]
[sets.base]
packages = ["?essential", "thing"]
[sets.more]
packages = ["other", "thing"]
[sets.some]
alone = true
packages = ["thing"]
"""
PACKAGE = """
[packages.x86_64.{name}]
version = "7"
sets = {sets}
size = 5
sha256 = "{digest}"
licence = "MIT"
archive = "debian"
path = "pool/{name}_7+b_all.deb"
"""
SETS = {"thing": ["base", "some"], "other": ["more"]}
DEBIAN_LOCK = "timestamp = 2001-02-03T04:05:06Z\n" + "".join(
    PACKAGE.format(name=name, sets=sets, digest=DIGEST) for name, sets in SETS.items()
)
PYTHON_LOCK = f"""
[packages.thing]
version = "7"
licence = "MIT"
groups = ["image"]
[packages.thing.wheels.x86_64]
url = "https://h.invalid/thing-7-py3-none-any.whl"
size = 5
sha256 = "{DIGEST}"
"""


@pytest.fixture
def env(tmp_path: Path) -> Path:
    folder = tmp_path / "env"
    folder.mkdir()
    (folder / "sources.toml").write_text(SOURCES)
    (folder / "debian.toml").write_text(DEBIAN)
    (folder / "debian.lock").write_text(DEBIAN_LOCK)
    (folder / "python.lock").write_text(PYTHON_LOCK)
    return folder


def read_all(env: Path) -> None:
    sources(env)
    snapshot_epoch(env)
    for name in debian_request(env).sets:
        debs(name, "x86_64", env)
    wheels("image", "x86_64", env)


def test_debian_package_has_mirror_first_and_then_the_snapshots(env: Path) -> None:
    (thing,) = debs("base", "x86_64", env)
    assert [source.url for source in thing.sources] == [
        "apt-mirror:debian/pool/thing_7%2Bb_all.deb",
        "https://h.invalid/debian/20010203T040506Z/pool/thing_7%2Bb_all.deb",
        "https://h.invalid/debian/20010204T040506Z/pool/thing_7%2Bb_all.deb",
    ]
    assert thing.filename == "thing_7+b_all.deb"
    assert snapshot_epoch(env) == 981173106


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("sources.toml", 'version = "7.1"', "", "[thing] version: missing"),
        ("sources.toml", "size = 5", "size = 0", "[thing.sources.0] size: 0 is not a number"),
        ("sources.toml", "https:", "ftp:", "[thing.sources.0] url: "),
        ("debian.lock", "pool/other", "pool/../other", "[packages.x86_64.other] path: "),
        ("debian.lock", "x86_64.other", "x86_64.another", "debian.lock has no other for more"),
        *(
            ("python.lock", "thing-7-py3", f"..{slash}..{slash}thing-7-py3", "x86_64] url: 'https:")
            for slash in ("%2F", "%2f", "%0A")
        ),
    ],
)
def test_malformed_table_names_file_table_and_key(
    env: Path, file: str, old: str, new: str, message: str
) -> None:
    text = (env / file).read_text()
    assert old in text
    (env / file).write_text(text.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read_all(env)
    said = str(caught.value)
    assert message in said
    assert file in said
    assert "\n" not in said


def test_missing_lock_says_how_to_make_it(env: Path) -> None:
    (env / "debian.lock").unlink()
    with pytest.raises(UsageError, match=r"env/debian\.lock: No such file.*make lock"):
        read_all(env)
