"""The order of versions is dpkg's for Debian and PEP 440's for Python packages."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion, Version

from hpcpy.audit import versions

# In rising order, as Debian's policy and PEP 440 define it.
DEBIAN = (
    *("0~~", "0", "0.9", "1.0~~", "1.0~~a", "1.0~", "1.0", "1.0-0.1", "1.0-1", "1.0-1+b1"),
    *("1.0-1+deb13u1", "1.0-1.1", "1.0a", "1.0+dfsg-1", "1.0.1", "1.2", "1.10", "1:0.1", "2:0"),
)
PYTHON = (
    *("1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0+1.abc", "1.0+1.5"),
    *("1.0.post1.dev1", "1.0.post1", "1.0.1", "1.2", "1.10", "1!0.1"),
)


@pytest.mark.parametrize(
    ("order", "rising"), [(versions.debian, DEBIAN), (versions.python, PYTHON)], ids=["deb", "py"]
)
def test_order_of_known_versions(
    order: Callable[[str], versions.Key], rising: tuple[str, ...]
) -> None:
    keys = [order(one) for one in rising]
    assert all(one < other for one, other in itertools.pairwise(keys))


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.00-01", "1.0-1"), ("1.", "1.0")]
)
def test_equal_versions_of_debian(one: str, other: str) -> None:
    assert versions.debian(one) == versions.debian(other)


@pytest.mark.parametrize("text", ["", " ", "a:1", "1_2", "1 2", ":", "-1", "1:", "1-", "é"])
def test_what_is_no_version_of_debian_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        versions.debian(text)


_PART = st.text("01a9.+~", min_size=1, max_size=6)
_DEBIANS = st.builds(
    lambda epoch, upstream, revision: f"{epoch}9{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    st.text("01a9.+~-", max_size=6).map(lambda text: text.rstrip("-")),
    st.one_of(st.just(""), _PART.map(lambda text: f"-{text}")),
)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="this machine has no dpkg to compare with")
@settings(max_examples=60, deadline=None)
@given(_DEBIANS, _DEBIANS)
def test_any_two_are_in_dpkgs_order(one: str, other: str) -> None:
    def says(relation: str) -> bool:
        command = ["dpkg", "--compare-versions", one, relation, other]
        return subprocess.run(command, check=False).returncode == 0

    mine = versions.debian(one), versions.debian(other)
    assert (mine[0] < mine[1], mine[0] == mine[1]) == (says("lt"), says("eq"))


_NUMBER = st.integers(0, 12).map(str)
_PYTHONS = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "v", "1!"]),
        st.lists(_NUMBER, min_size=1, max_size=3).map(".".join),
        st.sampled_from(["", "a1", "-beta.2", "c3", "rc3", "_pre", ".preview4"]),
        st.sampled_from(["", ".post1", "-2", "rev3", "-r"]),
        st.sampled_from(["", ".dev1", "dev", "-dev2"]),
        st.sampled_from(["", "+1", "+a.1", "+1-2", "+2"]),
    ),
)


@settings(max_examples=500, deadline=None)
@given(_PYTHONS, _PYTHONS)
def test_any_two_are_in_the_order_of_pep_440(one: str, other: str) -> None:
    mine = versions.python(one), versions.python(other)
    a, b = Version(one), Version(other)
    assert (mine[0] < mine[1], mine[0] == mine[1]) == (a < b, a == b)


@given(st.text("01aAbcrdev.+-_! vpost", max_size=12))
def test_pep_440_and_this_refuse_the_same(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        with pytest.raises(ValueError, match="is no version"):
            versions.python(text)
    else:
        versions.python(text)
