"""How a launch ends: its code and stderr as they are, explained in a line; signals go on once."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import processes
import pytest

import running
from hpcpy.launch.explain import explain
from hpcpy.launch.shell import UNFINISHED

RUN = """
import os, sys
from hpcpy.launch import step
from hpcpy.launch.controller import Controller
from hpcpy_common.errors import open_streams
open_streams()
step.GRACE = step.ASK_SECONDS = step.FIRST_SECONDS = float(sys.argv[2])
ended = step.run(sys.argv[1], Controller(os.environ))
print(ended.code, ended.stopped_by, repr(ended.stderr))
"""


def start(
    script: str, grace: str = "60", *, run: str = RUN, **variables: str
) -> subprocess.Popen[str]:
    return processes.start(run, script, grace, **variables)


def ready(script: str, grace: str = "60", **variables: str) -> subprocess.Popen[str]:
    process = start(script, grace, **variables)
    assert running.first_line(process, "stderr") == "ready\n"
    return process


def output(
    script: str, grace: str = "60", *, run: str = RUN, **variables: str
) -> tuple[int, str, str]:
    """Return the exit code of `run`, and what has come to both of its streams."""
    process = start(script, grace, run=run, **variables)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


@pytest.mark.parametrize("options", ["braceexpand", "noexec", "errexit:nounset"])
def test_code_and_stderr_of_a_script(options: str) -> None:
    script = 'false; echo "out$NOWHERE"; echo err >&2; exit 7'
    said = (0, "out\n7 None 'err\\n'\n", "err\n")
    assert output(script, SHELLOPTS=options) == said


def test_stderr_that_nobody_takes_stops_no_job() -> None:
    script = "yes 0123456789 | head -n 20000 >&2; echo last >&2; echo done; exit 7"
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"
    code, out, _ = output(script, run=f"{full}\n{RUN}\nsys.exit(ended.code)")
    assert (code, out[:12], out[-8:]) == (7, "done\n7 None ", "last\\n'\n")


def test_output_that_is_read_late_is_all_there() -> None:
    # More than one pipe takes and less than two: the script ends at once.
    ends = RUN.rpartition("print")[0] + "os._exit(ended.code)"
    process = start("head -c 100000 /dev/zero | tr '\\0' x; exit 7", "0.1", run=ends)
    time.sleep(1)
    out, _ = process.communicate(timeout=300)
    assert (process.returncode, out.count("x"), len(out)) == (7, 100_000, 100_000)


def test_a_closed_standard_output_is_open_to_the_job() -> None:
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c"]
    run = f"{RUN}\nos._exit(ended.code)"
    words = (*closed, run, "[ -e /dev/fd/1 ] && exit 7", "60")
    done = running.run(*words, env=processes.environment())
    assert done.returncode == 7, done.stderr


@pytest.mark.parametrize(
    ("script", "is_unfinished"),
    [
        ("exit 0", False),
        (f"echo >|${UNFINISHED}", True),
        (f"echo >|${UNFINISHED}; exit 3", False),
        (f"echo >|${UNFINISHED}; : >|${UNFINISHED}", False),
    ],
)
def test_a_script_that_returns_0_before_its_end_says_so(script: str, is_unfinished: bool) -> None:
    _, out, _ = output(script, run=f"{RUN}\nprint(ended.is_unfinished)")
    assert out.splitlines()[-1] == str(is_unfinished)


ON_TERM = "trap 'exit 5' TERM;"
GOES_ON = "while :; do sleep 0.05; done"


# bash may run a trap twice where its child dies of the same signal at the same moment.
@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_is_passed_on_once_as_sigint(number: signal.Signals) -> None:
    script = (
        "trap 'echo got INT; sleep 0.3; exit 9' INT; trap 'echo got TERM' TERM;"
        "echo ready >&2; while :; do sleep 0.05; done"
    )
    process = ready(script)
    process.send_signal(number)
    process.send_signal(number)
    out, _ = process.communicate(timeout=300)
    assert out.splitlines()[0] == "got INT"
    assert out.count("got") == 1
    assert out.splitlines()[1].startswith(f"9 {int(number)} ")


IGNORES = """
import os, signal, sys
for name in sys.argv.pop(1).split(","):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[1:]])
"""
TELLS = "trap 'echo got INT; exit 9' INT; echo ready >&2; while [ ! -e {} ]; do sleep 0.05; done"


# What a shell starts by `&` ignores SIGINT and SIGQUIT, what nohup starts SIGHUP.
@pytest.mark.parametrize("ignored", ["SIGHUP", "SIGINT", "SIGQUIT", "SIGINT,SIGQUIT,SIGHUP"])
def test_what_was_ignored_stops_nothing(tmp_path: Path, ignored: str) -> None:
    script = TELLS.format(tmp_path / "end")
    process = processes.start(IGNORES, ignored, RUN, script, "60")
    assert running.first_line(process, "stderr") == "ready\n"
    for name in ignored.split(","):
        process.send_signal(getattr(signal, name))
    # Another one does, and the script has it as usual.
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=300)
    assert out.startswith(f"got INT\n9 {int(signal.SIGTERM)} ")


def test_a_quit_from_the_keyboard_leaves_no_script_behind(tmp_path: Path) -> None:
    process = ready(TELLS.format(tmp_path / "end"))
    process.send_signal(signal.SIGQUIT)
    out, _ = process.communicate(timeout=300)
    assert out.startswith(f"got INT\n9 {int(signal.SIGQUIT)} ")


@pytest.mark.long
def test_a_stop_is_for_the_shell_of_salloc_and_not_for_salloc(tmp_path: Path) -> None:
    # salloc has its shell in a group of its own.
    text = "#!/bin/bash\ntrap 'echo revoked' INT; set -m\nbash -c \"$1\" & wait; wait $!\n"
    running.executable(tmp_path / "salloc", text)
    shell = "trap 'echo got INT; exit 9' INT; echo ready >&2; while :; do sleep 0.05; done"
    process = ready(f'exec salloc "{shell}"', PATH=f"{tmp_path}:{os.environ['PATH']}")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=300)
    assert out.splitlines()[0] == "got INT"
    assert "revoked" not in out


def test_what_does_not_end_is_insisted_on(tmp_path: Path) -> None:
    for name in ("bash", "sleep"):  # and no pkill
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    script = f"trap '' INT; echo ready >&2; {ON_TERM}{GOES_ON}"
    process = ready(script, grace="0.2", PATH=str(tmp_path))
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=300)
    assert out.startswith("5 ")


# What is said, what the script does then, and its code.
LOST = "slurmstepd-n1: error: *** STEP 1.0 ON n1 CANCELLED AT x DUE TO NODE FAILURE, SEE ***"
SAID = {
    "a failed node is no success": ("srun: error: Node failure on n2", "exit 0", 1),
    "nor is a lost rank": (LOST, "exit 0", 1),
    "a rank that speaks of one goes on": ("rank 0: Node failure on n2", "sleep 1; exit 0", 0),
}


@pytest.mark.parametrize("case", SAID)
def test_a_step_that_has_lost_a_node_has_failed(case: str) -> None:
    said, then, code = SAID[case]
    _, out, _ = output(f"echo '{said}' >&2; {then}")
    assert out.startswith(f"{code} None ")


def slurm_that_says(folder: Path, state: str, *, session: str) -> dict[str, str]:
    """Return a PATH with programs that print what Slurm 22.05 printed of such a job."""
    # At the first question the job runs; later only the nodes that still complete are listed.
    shown = (
        f"state={state}; nodes=n[1-2]; "
        f"test {state} = COMPLETING && {{ test -e {folder}/asked && nodes=n1 || state=RUNNING; }};"
        f"touch {folder}/asked; echo JobId=7 JobState=$state ReqNodeList=no NodeList=$nodes"
    )
    # Submitted 200 s ago by this machine's clock.
    late = 'case "$*" in *SubmitTime*) echo $(($(date +%s) - 200)) ;; esac'
    for name, body in {
        # An ended job may have had this session's number.
        "squeue": f"for number in 6 7; do echo {session} $({late}) $number; done",
        "scontrol": f'case "$*" in *" 7") {shown if state else FORGOTTEN} ;; esac',
        "sinfo": 'case "$*" in *n?1-2?*) echo n2;; esac',
    }.items():
        running.executable(folder / name, f"#!/bin/bash\n{body}\n")
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


FORGOTTEN = "echo error: Invalid job id specified >&2; exit 1"
# Its own session is the one that Slurm has for its job (AllocSID).
OWN = "$(cat {}/sid)"
WAITS = "echo $$ >{}/sid; trap 'exit 0' TERM;"
ENDS = "for i in $(seq 60); do sleep 0.05; done; exit 3"


@pytest.mark.parametrize(
    ("state", "session", "is_over"),
    [
        *((state, OWN, True) for state in ("NODE_FAIL", "COMPLETING", "")),
        *((state, OWN, False) for state in ("RUNNING", "SOMETHING_NEW")),
        ("NODE_FAIL", "1", False),  # another job's
    ],
)
def test_a_job_that_is_over_is_waited_for_no_longer(
    tmp_path: Path, state: str, session: str, *, is_over: bool
) -> None:
    """Whatever this machine's clock says: one that was 200 s ahead knew no job of its own."""
    slurm = slurm_that_says(tmp_path, state, session=session.format(tmp_path))
    script = WAITS.format(tmp_path) + (GOES_ON if is_over else ENDS)
    _, out, _ = output(script, "0.2", **slurm)
    assert out.startswith("1 None " if is_over else "3 None ")
    assert ("Node failure on n2" in out) == (is_over and bool(state))


TEXT = Path(__file__).with_name("launch_ends.txt").read_text()
BLOCKS = [re.findall("(?m)^[^#].*$", block) for block in TEXT.split("\n\n")[1:]]
CUT = "slurmstepd-n1: error: *** STEP 4.0 ON n1 CANCELLED AT 2026-01-01T00:00:00 ***\n"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[-1])
def test_the_end_is_explained_in_one_line(block: list[str]) -> None:
    line, code = explain("\n".join(block[:-1]), 143, lambda: False)
    assert f"= {code} {line}" == block[-1]


def test_nothing_on_stderr_leaves_the_code() -> None:
    assert explain("", 3, lambda: False) == ("exit code 3", 3)


@pytest.mark.parametrize(
    "stderr",
    [
        CUT,
        f"{CUT}srun: error: n1: task 1: Terminated\nsrun: error: n1: task 0: Killed\n",
        f"{CUT}srun: error: n1: task 1: Exited with exit code 146\n",
        f"srun: error: n1: task 1: Terminated\n{CUT}",
        f"srun: error: n1: task 1: Exited with exit code 143\n{CUT}",
        f"hpcpy: rank 1 on n1: exit code 143\n{CUT}",
    ],
)
def test_slurm_says_whether_it_has_ended_the_job(stderr: str) -> None:
    assert explain(stderr, 0, lambda: True) == ("the job was cancelled", 143)
    assert explain(stderr, 143, lambda: False)[0] != "the job was cancelled"


@pytest.mark.parametrize(
    "stderr",
    [
        "sbcast: error: REQUEST_FILE_BCAST(n2): Unspecified error\n",
        "hpcpy: n1: no copy of the image in /tmp/hpcpy-7: Terminated\n",
        f"{CUT}salloc: Job allocation 7 has been revoked.\n",
        "",
    ],
)
@pytest.mark.parametrize("limit", ["", CUT.replace(" ***\n", " DUE TO TIME LIMIT ***\n")])
def test_a_job_that_is_ended_while_its_image_is_copied_has_no_full_disk(
    stderr: str, limit: str
) -> None:
    line, code = explain(f"{stderr}{limit}", 73, lambda: True)
    assert (line, code) == (
        explain(limit, 143, lambda: True)[0] if limit else "the job was cancelled",
        143,
    )
    assert explain(stderr, 73, lambda: False)[1] == 73
