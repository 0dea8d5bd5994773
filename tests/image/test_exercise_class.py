"""A class's files, wherever they lie, whatever their names, and whatever their programs leave."""

import contextlib
import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from test_exercise import checked, text

from proc_files import read
from running import Done, run, start
from workloads.exercise.answers import Answer, answers
from workloads.exercise.page import page

SLICES = "heat_slices.py"
FLOOD = 'import sys\nwhile True: sys.stderr.write("x" * 2**20)'


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "workloads", "exercise", *map(str, words)]


def files(folder: Path, *names: str) -> None:
    """Write right answers to heat-slices."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text("heat-slices", solved=True))


def in_folder(folder: Path, *words: object) -> Done:
    return run(*command(*words), cwd=folder)


def test_what_lies_in_the_folder_or_beside_an_answer_hides_nothing(tmp_path: Path) -> None:
    files(tmp_path, f"ann/{SLICES}", "numpy/numpy.py")
    for name in (SLICES, "colorsys.py", "ann/numpy.py", "ann/colorsys.py"):
        (tmp_path / name).write_text("raise SystemExit(3)\n")
    with (tmp_path / "ann" / SLICES).open("a") as file:
        file.write("import colorsys, helper\nhelper.help(colorsys.hls_to_rgb)\n")
    (tmp_path / "ann" / "helper.py").write_text("def help(_): pass\n")
    done = in_folder(tmp_path, "heat-slices", "--check", f"ann/{SLICES}", "numpy/numpy.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert in_folder(tmp_path, "heat-slices", "--to", "numpy/" + SLICES).returncode == 0
    hidden = in_folder(tmp_path, "heat-slices", "--to", "ann/json.py")
    assert "hides Python's own module json; rename it" in hidden.stderr


@pytest.mark.parametrize("name", ["heat-slices.py", "1 a.b.py", "class.py"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    files(tmp_path, name)
    assert checked("heat-slices", tmp_path / name)[::2] == (0, "")
    # Processes of a pool import it, too.
    (tmp_path / name).write_text(text("pool-pickles", solved=True))
    assert checked("pool-pickles", tmp_path / name)[::2] == (0, "")


def left(mark: str) -> list[str]:
    """Return the numbers that processes with a mark among their words have."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in read(folder / "cmdline"):
                found.append(folder.name)
    return found


LEFT = """
import os, subprocess, sys
words = [sys.executable, "-c", "import time; time.sleep(300)", "MARK"]
subprocess.Popen(words, start_new_session=True, env={})
if not os.fork():
    os.setsid()
    subprocess.Popen(words)
    os._exit(0)
"""


@pytest.mark.parametrize(
    ("name", "more"),
    [("heat-slices", ""), ("heat-slices", "while True: pass\n"), ("heat-halo", "while 1: pass\n")],
)
def test_what_a_program_has_started_ends_with_its_check(
    name: str, more: str, tmp_path: Path
) -> None:
    file, mark = tmp_path / "my.py", f"left-{tmp_path.name}-{os.getpid()}"
    file.write_text(text(name, solved=True) + LEFT.replace("MARK", mark) + more)
    code, out, error = checked(name, file, "--seconds", "5" if more else "60")
    assert (code, "no answer within 5 s" in error) == ((1, True) if more else (0, False)), out
    assert left(mark) == []


@pytest.mark.parametrize(
    "outputs",
    [
        ("--html", f"ann/{SLICES}"),
        ("--json", f"bob/../ann/{SLICES}"),
        ("--json", "link"),
        ("--html", "bob/other.py"),
        ("--html", "class", "--json", "bob/../class"),
        ("--html", "-", "--json", "-"),
    ],
)
def test_a_result_replaces_no_answer_and_no_other_result(
    outputs: tuple[str, ...], tmp_path: Path
) -> None:
    files(tmp_path, f"ann/{SLICES}", "bob/other.py")
    (tmp_path / "link").symlink_to(f"ann/{SLICES}")
    before = (tmp_path / "ann" / SLICES).read_text()
    done = in_folder(tmp_path, "heat-slices", "--check", f"ann/{SLICES}", *outputs)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert (tmp_path / "ann" / SLICES).read_text() == before
    assert not (tmp_path / "class").exists()


def test_a_name_that_tells_no_exercise_is_not_wrong(tmp_path: Path) -> None:
    files(tmp_path, "ann/heat-slices.py", "ann/notes.py", "ann/Heat_Slices_v2.py")
    names = ["ann/heat-slices.py", "ann/notes.py", "ann/Heat_Slices_v2.py"]
    done = in_folder(tmp_path, "--check", *names, "--json", "a.json", "--html", "a.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 of 1 right, 2 not checked" in done.stdout
    verdicts = json.loads((tmp_path / "a.json").read_text())
    assert [each["passed"] for each in verdicts] == [True, None, None]
    assert "notes.py: not checked: " in (tmp_path / "a.html").read_text()
    assert in_folder(tmp_path, "--check", *names[1:]).returncode == 2


# The files, and the students' names on the page.
STUDENTS = [
    (("ann/day1/heat_slices.py", "bob/day1/heat_slices.py"), ["ann", "bob"]),
    (("day1/ann/heat_slices.py", "day1/bob/heat_slices.py"), ["ann", "bob"]),
    (("ann/1/heat_slices.py", "ann/2/heat_sum.py", "bob/1/heat_sum.py"), ["ann", "bob"]),
    (
        ("1/ann/heat_sum.py", "1/bob/heat_sum.py", "2/ann/heat_sum.py"),
        ["1/ann", "1/bob", "2/ann"],
    ),
    (("heat_slices.py", "heat_sum.py"), ["."]),
    (("ann/heat_sum.py", "bob/heat_sum.py", "bob/heat-sum.py"), ["ann", "bob"]),
]


@pytest.mark.parametrize(("names", "students"), STUDENTS)
def test_no_file_is_lost_on_the_page(names: tuple[str, ...], students: list[str]) -> None:
    verdicts = [verdict(each, False) for each in answers([*map(Path, names)], None)]
    written = page(verdicts)
    assert sorted(re.findall("<tr><th>(.*?)</th>", written)) == students
    shown = re.findall("✗(?:<sup>(.)</sup>)?", written)
    assert sum(int(each or "1") for each in shown) == len(names)


def verdict(answer: Answer, passed: bool, message: str = "it is wrong") -> dict[str, Any]:
    file, exercise, student = answer
    about = {"name": str(file), "exercise": exercise, "student": student}
    return {**about, "changed": answer.changed, "passed": passed, "message": message}


def test_a_students_best_answer_is_shown_and_the_latest_of_equals(tmp_path: Path) -> None:
    files(tmp_path, "ann/1/heat_sum.py", "ann/2/heat_sum.py", "bob/1/heat_sum.py")
    files(tmp_path, "bob/heat_sum.py", "bob/notes.py", "bob/.old/heat_sum.py")
    files(tmp_path, "bob/venv/lib/python3/site-packages/heat_sum.py")
    os.utime(tmp_path / "bob" / "1" / "heat_sum.py", (0, 0))
    given = answers([tmp_path], None)
    names = [str(each.file.relative_to(tmp_path)) for each in given]
    assert names == [
        "ann/1/heat_sum.py", "ann/2/heat_sum.py", "bob/heat_sum.py", "bob/1/heat_sum.py"
    ]  # fmt: skip
    said = [(True, "part 2"), (False, "worse"), (False, "late"), (False, "early")]
    written = page([verdict(each, *said) for each, said in zip(given, said, strict=True)])
    ann, bob = sorted(row for row in written.splitlines() if row.startswith("<tr><th>"))
    assert "✓<sup>2</sup>" in ann
    assert "ann/1/heat_sum.py, the best of 2: part 2" in ann
    assert "✗<sup>2</sup>" in bob
    assert "bob/heat_sum.py, the best of 2: late" in bob
    assert "heat-sum: 1 of 2 right" in written


def test_copies_count_and_what_is_nearly_an_answer_is_said(tmp_path: Path) -> None:
    told = {"heat_sum (1).py": "heat-sum", "heat_sum-Copy2.py": "heat-sum"}
    told |= {"Heat_Sum_v2.py": "Heat-Sum-v2", "heat_sum.py": "heat-sum"}
    told |= {"HEATSUM.PY": "HEATSUM", "Copy of heat_sum.py": "Copy of heat-sum"}
    files(tmp_path, *(f"ann/{name}" for name in told), "ann/heat.py", "ann/my.py")
    assert {each.file.name: each.exercise for each in answers([tmp_path], None)} == told


def test_a_program_that_kills_the_check_is_named(tmp_path: Path) -> None:
    files(tmp_path, f"class/ann/{SLICES}", f"class/bob/{SLICES}", f"class/eve/{SLICES}")
    (tmp_path / "class/bob" / SLICES).write_text("import os\nos.kill(os.getppid(), 9)\n")
    done = in_folder(tmp_path, "--check", "class", "--html", "a.html", "--json", "a.json")
    assert done.returncode == -signal.SIGKILL
    bob = f"class/bob/{SLICES}"
    assert f"1 of 3 files are checked. {bob}: its check" in (tmp_path / "a.html").read_text()
    assert [each["passed"] for each in json.loads((tmp_path / "a.json").read_text())] == [
        True, None, None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("heat-slices", 'raise ValueError("\\033[2J")', "ValueError: ?[2J"),
        ("heat-halo", 'import os, sys\nsys.stderr.write("\\033c")\nsys.stderr.flush()\n'
         "os._exit(3)", "?c"),
        ("heat-slices", FLOOD, "more than 256 MiB"),
        # By mpiexec it takes a busy machine long.
        pytest.param("heat-halo", FLOOD, "more than 256 MiB", marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_what_a_program_prints_is_shown_in_part_and_harmless(
    name: str, more: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / "my.py").write_text(more)
    error = checked(name, tmp_path / "my.py")[2]
    assert said in error
    assert "\033" not in error
    assert len(error) < 1000


def test_a_folder_is_a_class(tmp_path: Path) -> None:
    files(tmp_path, f"class/ann/{SLICES}", f"class/bob/day1/{SLICES}", "class/bob/heat_sum.py")
    (tmp_path / "class" / "ann" / SLICES).write_text(text("heat-slices", solved=False))
    done = in_folder(tmp_path, "heat-slices", "--check", "class", "--json", "a.json")
    assert (done.returncode, done.stderr) == (1, "")
    assert "1 of 2 right" in done.stdout
    verdicts = json.loads((tmp_path / "a.json").read_text())
    assert [(each["student"], each["passed"]) for each in verdicts] == [
        ("ann", False), ("bob", True)
    ]  # fmt: skip
    empty = in_folder(tmp_path, "heat-halo", "--check", "class")
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "--check class: no file there is named as an exercise; ann/heat_halo" in empty.stderr


def test_what_cannot_be_read_is_not_wrong_and_stops_nobody(tmp_path: Path) -> None:
    files(tmp_path, f"class/ann/{SLICES}", f"class/closed/{SLICES}", f"class/shut/{SLICES}")
    (tmp_path / "class/closed" / SLICES).chmod(0)
    (tmp_path / "class/shut").chmod(0)
    for student in ("endless", "large", "pipe"):
        (tmp_path / "class" / student).mkdir()
    os.mkfifo(tmp_path / "class/pipe" / SLICES)
    (tmp_path / "class/endless" / SLICES).symlink_to("/dev/zero")
    (tmp_path / "class/large" / SLICES).write_bytes(b"#" * 2_000_000)
    outputs = ("--json", "a.json", "--html", "a.html")
    done = in_folder(tmp_path, "heat-slices", "--check", "class", *outputs)
    assert (done.returncode, done.stderr) == (69, "")
    verdicts = json.loads((tmp_path / "a.json").read_text())
    told = {each["student"]: (each["passed"], each["message"]) for each in verdicts}
    assert told.pop("ann")[0]
    reasons = {"closed": "denied", "shut": "denied", "endless": "no file", "pipe": "no file"}
    reasons["large"] = "too many for an answer"
    for student, reason in reasons.items():
        passed, message = told.pop(student)
        assert (passed, reason in message) == (None, True), message
        assert f"<th>{student}</th>" in (tmp_path / "a.html").read_text()
    assert not told
    (tmp_path / "class/shut").chmod(0o700)


def test_a_page_of_a_check_that_was_stopped_says_so(tmp_path: Path) -> None:
    files(tmp_path, f"ann/{SLICES}", f"bob/{SLICES}")
    with (tmp_path / "bob" / SLICES).open("a") as file:
        file.write("import pathlib, time\n")
        file.write(f"pathlib.Path({str(tmp_path / 'begun')!r}).touch()\ntime.sleep(300)\n")
    words = [tmp_path / name / SLICES for name in ("ann", "bob")]
    checks = start(*command("--check", *words, "--html", tmp_path / "a.html"))
    with checks:
        while not (tmp_path / "begun").exists():
            assert checks.poll() is None
            time.sleep(0.05)
        checks.send_signal(signal.SIGINT)
        checks.communicate()
    assert checks.returncode == 130
    assert "Incomplete: 1 of 2 files are checked" in (tmp_path / "a.html").read_text()


def test_a_program_writes_beside_no_teacher_and_may_leave_a_thread(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("the teacher's")
    for student, name in (("Jos\udce9", "heat-slices"), ("mal\033[1A", "heat-sum")):
        file = tmp_path / "class" / student / (name.replace("-", "_") + ".py")
        file.parent.mkdir(parents=True)
        file.write_text(
            text(name, solved=True) + "open('notes.txt', 'w').write('x')\n"
            "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n"
        )
    outputs = ("--json", "a.json", "--html", "a.html")
    done = in_folder(tmp_path, "--check", "class", *outputs)
    assert (done.returncode, done.stderr, "2 of 2 right" in done.stdout) == (0, "", True)
    assert "\033" not in done.stdout + (tmp_path / "a.html").read_text()
    assert (tmp_path / "notes.txt").read_text() == "the teacher's"
