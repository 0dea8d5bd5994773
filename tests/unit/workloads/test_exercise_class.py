"""A class's files, wherever they lie, whatever their names, and whatever their programs do."""

import contextlib
import json
import os
import sys
from pathlib import Path

import pytest
from processes import AS_ANY_USER, environment

from proc_files import read
from running import Done, refusal, run
from workloads.exercise.tasks import text

# Its answer needs nothing but Python.
NAME, FILE = "heat-trace", "heat_trace.py"


def answer(folder: Path, *names: str, more: str = "") -> None:
    """Write right answers to heat-trace, with more lines."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text(NAME, solved=True) + more)


def exercise(folder: Path, *words: object, before: tuple[str, ...] = ()) -> Done:
    """Run the command in a folder."""
    command = [*before, sys.executable, "-m", "workloads", "exercise", *words]
    return run(*command, cwd=folder, env=environment())


def test_a_class_has_a_line_and_an_object_for_each_file(tmp_path: Path) -> None:
    names = [f"{student}/my.py" for student in ("ann", "bob", "eve", "joe")]
    answer(tmp_path, names[0], more="print('mine')\n")
    for name, written in zip(names[1:], ("def slowest(:\n", *2 * [text(NAME)]), strict=True):
        answer(tmp_path, name)
        (tmp_path / name).write_text(written)
    done = exercise(tmp_path, NAME, "--check", *names, "--json", "class.json")
    assert (done.returncode, done.stderr) == (1, "")
    *lines, empty, right, often = done.stdout.splitlines()
    verdicts = ["right", "wrong", "wrong", "wrong"]
    assert [line.split()[:2] for line in lines] == [*map(list, zip(names, verdicts, strict=True))]
    assert (empty, right) == ("", "1 of 4 right")
    assert often.startswith("   2 × the hole is not filled: ")
    objects = json.loads((tmp_path / "class.json").read_text())
    assert [each["name"] for each in objects] == names
    assert {each["exercise"] for each in objects} == {NAME}
    assert [each["passed"] for each in objects] == [True, False, False, False]
    messages = [each["message"] for each in objects]
    assert messages[0] == ""
    assert "my.py:1: " in messages[1]
    assert "the hole is not filled: " in messages[2]
    # On standard output there is nothing else, not even what a student's program prints.
    done = exercise(tmp_path, NAME, "--check", names[0], "--json", "-")
    alone = [{**objects[0], "student": "."}]
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, alone, "")


def test_what_lies_in_the_folder_or_beside_an_answer_hides_nothing(tmp_path: Path) -> None:
    answer(tmp_path, "pytest/pytest.py")
    answer(tmp_path, f"ann/{FILE}", more="import colorsys, helper, pytest\n")
    for name in (FILE, "colorsys.py", "ann/pytest.py", "ann/colorsys.py"):
        (tmp_path / name).write_text("raise SystemExit(3)\n")
    (tmp_path / "ann" / "helper.py").touch()
    done = exercise(tmp_path, NAME, "--check", f"ann/{FILE}", "pytest/pytest.py")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert exercise(tmp_path, NAME, "--to", f"pytest/{FILE}").returncode == 0
    hidden = exercise(tmp_path, NAME, "--to", "ann/json.py")
    assert "hides Python's own module json; rename it" in hidden.stderr


@pytest.mark.parametrize("name", ["1 a.b.py", "class.py"])
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    # Processes of a pool import it, too.
    for asked in (NAME, "pool-pickles"):
        (tmp_path / name).write_text(text(asked, solved=True))
        done = exercise(tmp_path, asked, "--check", name)
        assert (done.returncode, done.stderr) == (0, "")


def left(mark: str) -> list[str]:
    """Return the numbers that processes with a mark among their words have."""
    numbers = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in read(folder / "cmdline"):
                numbers.append(folder.name)
    return numbers


LEFT = """
import os, signal, subprocess, sys
words = [sys.executable, "-c", "import time; time.sleep(300)", "MARK"]
subprocess.Popen(words, start_new_session=True, env={})
if not os.fork():
    os.setsid()
    subprocess.Popen(words)
    os._exit(0)
"""


@pytest.mark.parametrize("more", ["", "while True: pass\n", "os.kill(os.getpid(), 19)\n"])
def test_what_a_program_has_started_ends_with_its_check(more: str, tmp_path: Path) -> None:
    mark = f"left-{tmp_path.name}-{os.getpid()}"
    answer(tmp_path, FILE, more=LEFT.replace("MARK", mark) + more)
    done = exercise(tmp_path, NAME, "--check", FILE, "--seconds", "5" if more else "60")
    ended = (1, True) if more else (0, False)
    assert (done.returncode, "no answer within 5 s" in done.stderr) == ended, done
    assert left(mark) == []


@pytest.mark.parametrize("number", [9, 19])
def test_a_program_that_kills_or_stops_its_parent_is_wrong(number: int, tmp_path: Path) -> None:
    answer(tmp_path, FILE, more=f"import os\nos.kill(os.getppid(), {number})\nos.abort()\n")
    answer(tmp_path, f"right/{FILE}")
    done = exercise(tmp_path, NAME, "--check", FILE, f"right/{FILE}", "--seconds", "5")
    assert (done.returncode, "1 of 2 right" in done.stdout) == (1, True), done


def test_what_a_program_puts_beside_its_verdict_holds_up_no_check(tmp_path: Path) -> None:
    # The folder is the judge's last word.
    more = "import os\nat = open('/proc/self/cmdline').read().split('\\0')[-2]\n"
    more += "os.mkfifo(at + '/7.verdict')\nos.truncate(os.open(at + '/8.verdict', 66), 1 << 21)\n"
    for name, text_ in ("4", "no verdict"), ("5", "[" * 10**5), ("6", '{"code": Infinity}'):
        more += f"open(at + '/{name}.verdict', 'w').write('{text_}')\n"
    answer(tmp_path, FILE, more=more)
    done = exercise(tmp_path, NAME, "--check", FILE, "--seconds", "60")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "outputs",
    [
        ("--html", f"ann/{FILE}"),
        ("--json", "link"),
        ("--html", "bob/other.py"),
        ("--html", "class", "--json", "bob/../class"),
    ],
)
def test_a_result_replaces_no_answer_and_no_other_result(
    outputs: tuple[str, ...], tmp_path: Path
) -> None:
    answer(tmp_path, f"ann/{FILE}", "bob/other.py")
    (tmp_path / "link").symlink_to(f"ann/{FILE}")
    before = (tmp_path / "ann" / FILE).read_text()
    done = exercise(tmp_path, NAME, "--check", f"ann/{FILE}", *outputs)
    refusal(done)
    assert (tmp_path / "ann" / FILE).read_text() == before
    assert not (tmp_path / "class").exists()


def test_a_name_that_tells_no_exercise_is_not_wrong(tmp_path: Path) -> None:
    names = ["ann/heat-trace.py", "ann/notes.py", "ann/Heat_Trace_v2.py"]
    answer(tmp_path, *names)
    done = exercise(tmp_path, "--check", *names, "--json", "a.json", "--html", "a.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 of 2 right, 1 not checked" in done.stdout
    assert "notes.py is named as no exercise; " in done.stdout
    verdicts = json.loads((tmp_path / "a.json").read_text())
    assert [each["passed"] for each in verdicts] == [True, None, True]
    assert "notes.py: not checked: " in (tmp_path / "a.html").read_text()
    assert exercise(tmp_path, "--check", names[1]).returncode == 2
    for name in names[::2]:
        (tmp_path / name).unlink()
    empty = exercise(tmp_path, NAME, "--check", "ann")
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "--check ann: no .py or .ipynb there has an exercise's name; ann/heat" in empty.stderr


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": each.splitlines(keepends=True)} for each in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "def slowest(:"}, *made]})


def test_the_code_cells_of_a_notebook_are_the_file(tmp_path: Path) -> None:
    right, file = text(NAME, solved=True), tmp_path / "heat_trace.ipynb"
    cells = [
        "%cd /nowhere\n!false\nt = %time 1\nfiles = !ls\nsum?",
        right,
        "%%bash\nfor x in *; do",
        "%%time\nif 1:\n    %pwd",
    ]
    file.write_text(notebook(*cells, "x = 7\\\n  % 2\nassert x == 1 \\\n  != 3"))
    done = exercise(tmp_path, "--check", file.name)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", f"{NAME}: right\n")
    assert [*tmp_path.iterdir()] == [file]
    faults = {
        notebook("x = y", right): (1, "heat_trace.ipynb:2: NameError: name 'y' is not defined"),
        notebook(text(NAME)): (1, "the hole is not filled: "),
        notebook("x ="): (2, "heat_trace.ipynb:1: "),
        "{}": (2, "heat_trace.ipynb: is no notebook"),
    }
    for written, (code, message) in faults.items():
        file.write_text(written)
        done = exercise(tmp_path, "--check", file.name)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ('import os\nos.write(2, b"\\033c")\nos._exit(3)', "ended with exit code 3: ?c"),
        ('import sys\nwhile True: sys.stderr.write("x" * 2**20)', "more than 256 MiB"),
    ],
)
def test_what_a_program_prints_is_shown_in_part_and_harmless(
    program: str, says: str, tmp_path: Path
) -> None:
    (tmp_path / "my.py").write_text(program)
    error = exercise(tmp_path, NAME, "--check", "my.py").stderr
    assert says in error
    assert "\033" not in error
    assert len(error) < 1000


def test_what_cannot_be_read_is_not_wrong_and_stops_nobody(tmp_path: Path) -> None:
    answer(tmp_path, *(f"class/{student}/{FILE}" for student in ("ann/day1", "closed", "shut")))
    # Not the exercise that is asked for.
    answer(tmp_path, "class/ann/heat_sum.py")
    (tmp_path / "class/closed" / FILE).chmod(0)
    (tmp_path / "class/shut").chmod(0)
    for student in ("endless", "gone", "large", "pipe"):
        (tmp_path / "class" / student).mkdir()
    os.mkfifo(tmp_path / "class/pipe" / FILE)
    (tmp_path / "class/endless" / FILE).symlink_to("/dev/zero")
    (tmp_path / "class/gone" / FILE).symlink_to(tmp_path / "absent")
    (tmp_path / "class/link").symlink_to(tmp_path)
    (tmp_path / "class/large" / FILE).write_bytes(b"#" * 2_000_000)
    outputs = ("--json", "a.json", "--html", "a.html")
    done = exercise(tmp_path, NAME, "--check", "class", *outputs, before=AS_ANY_USER)
    assert (done.returncode, done.stderr) == (69, "")
    objects = json.loads((tmp_path / "a.json").read_text())
    verdicts = {each["student"]: (each["passed"], each["message"]) for each in objects}
    assert verdicts.pop("ann")[0]
    reasons = {"closed": "denied", "shut": "denied", "endless": "no file", "pipe": "no file"}
    reasons |= {"large": "too many for an answer", "gone": "leads nowhere", "link": "not followed"}
    for student, reason in reasons.items():
        passed, message = verdicts.pop(student)
        assert (passed, reason in message) == (None, True), message
        assert f"<th>{student}</th>" in (tmp_path / "a.html").read_text()
    assert not verdicts
    (tmp_path / "class/shut").chmod(0o700)


def test_a_program_writes_beside_no_teacher_and_may_leave_a_thread(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("the teacher's")
    more = (
        "open('notes.txt', 'w').write('x')\n"
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()\n"
    )
    for student in ("Jos\udce9", "mal\033[1A"):
        answer(tmp_path, f"class/{student}/{FILE}", more=more)
    outputs = ("--json", "a.json", "--html", "a.html")
    done = exercise(tmp_path, "--check", "class", *outputs)
    assert (done.returncode, done.stderr, "2 of 2 right" in done.stdout) == (0, "", True)
    assert "\033" not in done.stdout + (tmp_path / "a.html").read_text()
    assert (tmp_path / "notes.txt").read_text() == "the teacher's"
