"""Every malformed table of env/ is one line with file, table and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpcpy.errors import UsageError
from hpcpy.pins.debian import debs, snapshot_epoch, wanted
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import wheels

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
DEBIAN_LOCK = f"""
timestamp = 2001-02-03T04:05:06Z
[packages.x86_64.thing]
version = "7"
sets = ["base", "some"]
size = 5
sha256 = "{DIGEST}"
licence = "MIT"
archive = "debian"
path = "pool/t/thing_7+b_all.deb"
[packages.x86_64.other]
version = "8"
sets = ["more"]
size = 5
sha256 = "{DIGEST}"
licence = "MIT"
archive = "debian"
path = "pool/o/other_8_all.deb"
"""
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
    for name, text in (
        ("sources.toml", SOURCES),
        ("debian.toml", DEBIAN),
        ("debian.lock", DEBIAN_LOCK),
        ("python.lock", PYTHON_LOCK),
    ):
        (folder / name).write_text(text)
    return folder


def read_all(env: Path) -> None:
    sources(env)
    snapshot_epoch(env)
    for name in wanted(env).sets:
        debs(name, "x86_64", env)
    wheels("image", "x86_64", env)


def test_version_is_put_into_the_addresses_of_a_source(env: Path) -> None:
    thing = sources(env)["thing"]
    assert thing.sources[0].url == "https://h.invalid/thing-7.1.tar"
    assert thing.filename == "thing-7.1.tar"


def test_debian_package_has_mirror_first_and_then_the_snapshots(env: Path) -> None:
    (thing,) = debs("base", "x86_64", env)
    assert [source.url for source in thing.sources] == [
        "apt-mirror:debian/pool/t/thing_7%2Bb_all.deb",
        "https://h.invalid/debian/20010203T040506Z/pool/t/thing_7%2Bb_all.deb",
        "https://h.invalid/debian/20010204T040506Z/pool/t/thing_7%2Bb_all.deb",
    ]
    assert thing.filename == "thing_7+b_all.deb"
    assert snapshot_epoch(env) == 981173106


def test_set_has_its_own_packages_alone(env: Path) -> None:
    assert [deb.name for deb in debs("more", "x86_64", env)] == ["other"]
    assert [deb.name for deb in debs("some", "x86_64", env)] == ["thing"]


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("sources.toml", 'version = "7.1"', "", "[thing] version: missing"),
        ("sources.toml", 'version = "7.1"', "version = 7.1", "[thing] version: 7.1 is not a text"),
        ("sources.toml", "why", "wyh", "[thing] wyh: unknown key"),
        ("sources.toml", "size = 5", "size = 0", "[thing.sources.0] size: 0 is not a number"),
        ("sources.toml", "size = 5", "size = true", "[thing.sources.0] size: True is not"),
        ("sources.toml", "size = 5", 'size = "5"', "[thing.sources.0] size: '5' is not"),
        ("sources.toml", DIGEST, "A" * 64, "[thing.sources.0] sha256: "),
        ("sources.toml", "https:", "ftp:", "[thing.sources.0] url: "),
        (
            "sources.toml",
            "[[thing.sources]]",
            "[thing.sources]",
            "[thing] sources: is not an array",
        ),
        ("sources.toml", "[thing]", "thang = 1\n[thing]", "[thang] is not a table"),
        ("sources.toml", "[thing]", "[thing", "not TOML"),
        ("debian.toml", "{ archive", "{ arkive", "[suites.0] arkive: unknown key"),
        ("debian.toml", '"x86_64"', '"vax"', "architectures: 'vax' is not"),
        ("debian.toml", "alone = true", "alone = 1", "[sets.some] alone: is not true or false"),
        ("debian.toml", '"other"', "3", "[sets.more] packages: "),
        ("debian.lock", "2001-02-03T04:05:06Z", "2001-02-03T04:05:06", "timestamp: "),
        ("debian.lock", "pool/o/", "pool/../", "[packages.x86_64.other] path: "),
        ("debian.lock", 'archive = "debian"', 'archive = "../x"', "archive: '../x' is not"),
        ("debian.lock", "x86_64.other", "x86_64.another", "debian.lock has no other for more"),
        ("debian.lock", "[packages.x86_64.", "[packages.aarch64.", "has no packages for x86_64"),
        ("python.lock", "-any.whl", "-any.zip", "[packages.thing.wheels.x86_64] url: "),
        *(
            ("python.lock", "thing-7-py3", f"..{slash}..{slash}thing-7-py3", "x86_64] url: 'https:")
            for slash in ("%2F", "%2f", "%0A")
        ),
        ("sources.toml", "thing-{version}.tar", "..", "[thing.sources.0] url: "),
        ("python.lock", "wheels.x86_64", "wheels.vax", "[packages.thing.wheels] x86_64: missing"),
        ("python.lock", 'groups = ["image"]', 'groups = "image"', "[packages.thing] groups: "),
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


@pytest.mark.parametrize("file", ["debian.lock", "python.lock"])
def test_missing_lock_says_how_to_make_it(env: Path, file: str) -> None:
    (env / file).unlink()
    with pytest.raises(UsageError, match=f"env/{file}: No such file.*make lock"):
        read_all(env)


def test_unknown_set_group_and_architecture_are_refused(env: Path) -> None:
    with pytest.raises(UsageError, match="no set 'moon'"):
        debs("moon", "x86_64", env)
    with pytest.raises(UsageError, match="no group 'moon'"):
        wheels("moon", "x86_64", env)
    with pytest.raises(UsageError, match="architecture 'vax'"):
        wheels("image", "vax", env)
