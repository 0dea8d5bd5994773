"""Suites, reports and explanations of `make test-upstream`."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from hpcpy import paths
from hpcpy.errors import UsageError
from hpcpy.pins.sources import sources
from hpcpy.upstream import prepare, report
from hpcpy.upstream.compare import compare
from hpcpy.upstream.expected import Explanation, explanations
from hpcpy.upstream.results import Verdict, read_reports, read_results, write_results
from hpcpy.upstream.run import command, runner_words
from hpcpy.upstream.suites import DEFAULT, STATIC, SUITES, WHEELS

PASSED, SKIPPED = Verdict("passed"), Verdict("skipped")


def failed(text: str = "") -> Verdict:
    return Verdict("failed", text)


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


def test_results_are_kept(tmp_path: Path) -> None:
    outcomes = {"b": failed("why"), "a": PASSED}
    write_results(tmp_path / "x.json", {"suite": "h5py", "seconds": 7.0}, outcomes)
    assert read_results(tmp_path / "x.json") == ({"suite": "h5py", "seconds": 7.0}, outcomes)


def explain(**changes: object) -> Explanation:
    values = {"suites": ("numpy",), "tests": ("a.*",), "images": (STATIC, WHEELS), "message": ""}
    return Explanation(**{**values, "cause": "no compiler", **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "covers"),
    [
        (explain(), True),
        (explain(tests=("a.b[*-1]",)), True),
        (explain(tests=("a.b*1",)), False),
        (explain(tests=("a.b",)), False),
        (explain(tests=("c", "*")), True),
        (explain(message="No module"), True),
        (explain(message="Killed"), False),
        (explain(images=(WHEELS,)), False),
        (explain(suites=("numba",)), False),
    ],
)
def test_explanation(one: Explanation, covers: bool) -> None:
    outcome = failed("E: No module named 'x'")
    assert one.covers("numpy", STATIC, "a.b[x-1]", outcome) == covers


def test_what_passes_with_wheels_must_pass_here() -> None:
    here = {"a": PASSED, "b": failed(), "c": SKIPPED, "e": failed(), "f": PASSED}
    there = {"a": PASSED, "b": PASSED, "c": PASSED, "d": PASSED, "e": failed(), "f": failed()}
    found = compare("numpy", {STATIC: here, WHEELS: there}, [explain(tests=("*",))])
    assert (found.lost, found.gone) == (["b"], ["c", "d"])
    assert found.unexplained == {STATIC: [], WHEELS: []}
    assert not found.is_good


def test_failure_in_both_is_good_when_it_is_explained() -> None:
    both = {STATIC: {"a.x": failed()}, WHEELS: {"a.x": failed()}}
    assert compare("numpy", both, [explain()]).is_good
    unexplained = compare("numpy", both, [explain(images=(STATIC,))])
    assert not unexplained.is_good
    assert unexplained.unexplained == {STATIC: [], WHEELS: ["a.x"]}


def test_run_that_was_stopped_is_not_good() -> None:
    found = compare("numpy", {STATIC: {"a": PASSED}}, [], {STATIC: "stopped after 7 s"})
    assert not found.is_good
    assert list(report.problems([found])) == [
        "numpy: the run in the static image is not complete: stopped after 7 s"
    ]
    assert not compare("numpy", {STATIC: {}}, []).is_good


def test_table() -> None:
    found = [
        compare("h5py", {STATIC: {"a": PASSED}, WHEELS: {"a": PASSED, "b": SKIPPED}}, []),
        compare("h5py-2", {STATIC: {"a": failed()}}, []),
    ]
    assert report.table(found).splitlines()[2:] == [
        "| h5py | 1 | 0 | 0 | 1 | 0 | 1 | 0 |",
        "| h5py-2 | 0 | 1 | 0 | – | – | – | – |",
    ]


def test_explanations_of_the_project_are_read() -> None:
    assert all(one.cause for one in explanations())


def test_explanation_of_a_suite_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "expected.toml"
    path.write_text('[[failures]]\nsuites = ["nunpy"]\ntests = ["*"]\ncause = "x"\n')
    with pytest.raises(UsageError, match="'nunpy'"):
        explanations(path)


@pytest.mark.parametrize("name", SUITES)
def test_suite_has_a_pinned_source_and_is_documented(name: str) -> None:
    assert SUITES[name].source in sources()
    assert f"`{name}`" in (paths.ROOT / "docs/upstream-tests.md").read_text()


def test_ranks_are_launched_by_mpiexec_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {*range(3)})
    words = runner_words(SUITES["mpi4py-3"])
    assert words[:4] == ["mpiexec", "-n", "3", "python3"]
    assert not [word for word in words if "numprocesses" in word]
    assert "--numprocesses=2" in runner_words(SUITES["numpy"])
    assert set(DEFAULT) < set(SUITES)


@pytest.mark.parametrize("compiler", ["/usr/bin/cc", None])
def test_more_ranks_than_cores_yield_where_there_is_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str | None
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    monkeypatch.setattr("shutil.which", lambda _: compiler)
    monkeypatch.setattr(prepare, "_once", lambda *_: tmp_path / "y")
    monkeypatch.setattr(prepare, "tests", lambda _: tmp_path / "t")
    monkeypatch.setattr(prepare, "dependencies", lambda: tmp_path / "d")
    words = command(SUITES["mpi4py-3"], Path("apptainer"), Path("x.sif"), tmp_path)
    found = [word for word in words if "yields" in word]
    preloaded = [f"--bind={tmp_path}/y:/upstream/yields:ro", "/upstream/yields/yields.so"]
    assert found == (preloaded if compiler else [])
    assert "LD_PRELOAD" not in command(SUITES["mpi4py-2"], Path("a"), Path("x.sif"), tmp_path)


def test_tests_are_unpacked_with_our_stand_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tarball = tmp_path / "x.tar.gz"
    for name in ("tests/test_a.py", "src/b.py"):
        file = tmp_path / "x-1" / name
        file.parent.mkdir(parents=True)
        file.write_text("")
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(tmp_path / "x-1", "x-1")
    monkeypatch.setattr(prepare, "FOLDER", tmp_path / "upstream")
    monkeypatch.setattr(prepare, "fetch", lambda pins: dict.fromkeys(pins, tarball))
    suite = SUITES["viztracer"]
    found = prepare.tests(suite)
    names = {path.relative_to(found).as_posix() for path in found.rglob("*.py")}
    assert {"tests/test_a.py", "tests/base_tmpl.py"} <= names
    assert not [name for name in names if name.startswith("src")]
    assert prepare.tests(suite) == found


def test_container_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "tests", lambda _: tmp_path / "t")
    monkeypatch.setattr(prepare, "dependencies", lambda: tmp_path / "d")
    monkeypatch.setattr(prepare, "venv", lambda _: tmp_path / "v")
    words = command(SUITES["h5py"], Path("apptainer"), Path("x.sif"), tmp_path)
    assert {"--network=none", "--cleanenv", "--no-home"} <= set(words)
    assert f"--bind={tmp_path}/v:/upstream/venv:ro" in words
    plain = command(SUITES["mpi4py-1"], Path("apptainer"), Path("x.sif"), tmp_path)
    assert not [word for word in plain if "/upstream/venv" in word]
    assert "--writable-tmpfs" in command(SUITES["cpython"], Path("a"), Path("x.sif"), tmp_path)
