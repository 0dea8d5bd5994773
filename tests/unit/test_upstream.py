"""The results of packages' own tests are read, and each suite has a source and a row."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hpcpy.core import paths
from hpcpy.pins.sources import sources
from upstream_results import Outcome, read_reports

SUITES = tomllib.loads((paths.ROOT / "tests/upstream/suites.toml").read_text())
PASSED, SKIPPED = Outcome("passed"), Outcome("skipped")


def failed(text: str = "") -> Outcome:
    return Outcome("failed", text)


def junit(path: Path, *cases: str) -> Path:
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    return path


def test_pytest_report(tmp_path: Path) -> None:
    report_file = junit(
        tmp_path / "junit.xml",
        '<testcase classname="a.tests.test_x.TestY" name="test_1[-inf]"/>',
        '<testcase classname="a.tests.test_x" name="test_2"><failure message="assert 1 == 2">'
        "at line 7</failure></testcase>",
        '<testcase classname="a.tests.test_x" name="test_3"><skipped message="no"/></testcase>',
        '<testcase classname="a.tests.test_x" name="test_4"><error message="E">in setup</error>'
        "</testcase>",
    )
    assert read_reports([report_file]) == {
        "a.tests.test_x.TestY.test_1[-inf]": PASSED,
        "a.tests.test_x.test_2": failed("assert 1 == 2\nat line 7"),
        "a.tests.test_x.test_3": SKIPPED,
        "a.tests.test_x.test_4": failed("E\nin setup"),
    }


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_test_fails_when_it_does_on_one_rank(tmp_path: Path, order: tuple[int, int]) -> None:
    both = [
        junit(
            tmp_path / "0.xml", '<testcase name="a"/>', '<testcase name="b"><skipped/></testcase>'
        ),
        junit(
            tmp_path / "1.xml",
            '<testcase name="a"><failure message="rank 1"/></testcase>',
            '<testcase name="b"/>',
        ),
    ]
    assert read_reports([both[i] for i in order]) == {"a": failed("rank 1"), "b": PASSED}


def test_report_that_was_cut_off_has_no_results(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text("<testsuites><testsuite>")
    assert read_reports([tmp_path / "junit.xml"]) == {}


def test_regrtest_tells_of_files_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        "0:00:01 load avg: 2.16 [  1/6] test_float passed\n"
        "0:00:02 load avg: 2.16 [  2/6/1] test_json failed (2 failures)\n"
        "======================================================================\n"
        "FAIL: test_1 (test.test_json.TestX.test_1) (i=2)\n"
        "----------------------------------------------------------------------\n"
        "AssertionError: 2 != 3\n"
        "\n"
        "======================================================================\n"
        "FAIL: codec (test.test_json)\n"
        "Doctest: test.test_json.codec\n"
        "----------------------------------------------------------------------\n"
        "Expected: 1\n"
        "----------------------------------------------------------------------\n"
        "Ran 3 tests in 0.1s\n"
        "0:00:03 load avg: 2.16 [  3/6/2] test_crash worker non-zero exit code (Exit code -11)\n"
        "Fatal Python error: Segmentation fault\n"
        "0:00:04 load avg: 2.16 [  4/6/2] test_import skipped\n"
        "0:00:05 load avg: 2.16 [  5/6/3] test.test_io.test_file failed (env changed)\n"
        "test_import skipped -- No module named '_testcapi'\n"
    )
    cases = junit(
        tmp_path / "junit.xml",
        '<testcase name="test.test_json.TestX.test_1"/>',
    )
    assert read_reports([cases], log) == {
        "test.test_json.TestX.test_1": failed("AssertionError: 2 != 3"),
        "test.test_json.codec": failed("Expected: 1"),
        "test_float": PASSED,
        "test_crash": failed(
            "worker non-zero exit code (Exit code -11)\nFatal Python error: Segmentation fault"
        ),
        "test_import": SKIPPED,
        "test.test_io.test_file": PASSED,
    }


@pytest.mark.parametrize("name", SUITES)
def test_suite_has_a_pinned_source_and_is_documented(name: str) -> None:
    table = SUITES[name]
    assert SUITES[table.get("like", name)]["source"] in sources()
    assert f"`{name}`" in (paths.ROOT / "docs/upstream-tests.md").read_text()
