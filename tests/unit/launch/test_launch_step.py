"""A launch runs its script, is stopped with it, and prints why it has failed."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import processes
import pytest

import running
from hpcpy.launch.explain import explain
from running import Done, wait_until

RUN = """
import os, signal, sys
from hpcpy.core.programs import end_on_signals
from hpcpy.launch import step
from hpcpy_common.errors import open_streams
for name in ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM"):
    how = signal.SIG_IGN if name in sys.argv[2:] else signal.SIG_DFL
    signal.signal(getattr(signal, name), how)
open_streams()
end_on_signals()
sys.exit(step.run(sys.argv[1], os.environ))
"""
DIED = "srun: error: n1: task 0: Exited with exit code 3"


def ran(script: str, *words: str, run: str = RUN, **variables: str) -> Done:
    """Return how a script ends that a process runs."""
    command = (*words, sys.executable, "-c", run, script)
    return running.run(*command, env=processes.environment(**variables))


@pytest.mark.parametrize("options", ["braceexpand", "noexec", "errexit:nounset"])
def test_code_and_streams_are_the_scripts(options: str) -> None:
    done = ran('false; echo "out$NOWHERE"; echo err >&2; exit 7', SHELLOPTS=options)
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")


# What nohup starts ignores SIGHUP, what a shell starts by `&` SIGINT and SIGQUIT.
@pytest.mark.parametrize("ignored", ["", "SIGHUP", "SIGINT SIGQUIT"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_reaches_the_script_once_unless_it_is_ignored(
    ignored: str, name: str, tmp_path: Path
) -> None:
    end = tmp_path / "end"
    script = f"""
        trap 'echo no' $(printf '%s\n' INT TERM HUP QUIT | grep -v {name[3:]})
        trap 'echo {name[3:]}; touch {end}' {name[3:]}
        touch {tmp_path}/begun
        until [ -e {end} ]; do sleep 0.05; done
        exit 7"""
    process = processes.start(RUN, script, *ignored.split())
    wait_until((tmp_path / "begun").exists, process)
    process.send_signal(getattr(signal, name))
    if name in ignored:
        end.touch()
    out, err = process.communicate(timeout=300)
    assert (out, err) == ("" if name in ignored else f"{name[3:]}\n", "")
    assert process.returncode == 7


def test_a_caller_that_ignores_sigchld_gets_the_code() -> None:
    ignoring = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    assert ran("exit 7", run=f"{ignoring}\n{RUN}").returncode == 7


def test_a_machine_without_bash_is_told_in_a_line(tmp_path: Path) -> None:
    done = ran("exit 7", run=RUN.replace("os.environ))", f"{{'PATH': '{tmp_path}'}}))"))
    says = "hpcpy launch: bash: No such file or directory\n"
    assert (done.returncode, done.stderr) == (127, says)


def test_the_script_ends_with_a_launch_that_is_killed(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    process = processes.start(RUN, f"echo $$ >{begun}.new; mv {begun}.new {begun}; exec sleep 600")
    wait_until(begun.exists, process)
    process.kill()
    process.wait()
    wait_until(lambda: not processes.runs(int(begun.read_text())))


def test_what_a_script_leaves_running_holds_up_no_launch(tmp_path: Path) -> None:
    left = f"while [ ! -e {tmp_path}/end ]; do sleep 0.05; done; rm {tmp_path}/end"
    process = processes.start(RUN, f"exec >/dev/null; {{ {left}; }} & echo err >&2; exit 3")
    assert process.communicate(timeout=300)[1] == "err\n"
    assert process.returncode == 3
    (tmp_path / "end").touch()
    wait_until(lambda: not (tmp_path / "end").exists())


def test_a_script_may_close_its_stderr_before_its_end() -> None:
    done = ran("exec 2>&-; sleep 0.2; echo out; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "")


def test_stderr_is_whole_when_a_launch_has_ended(tmp_path: Path) -> None:
    file = tmp_path / "err"
    for _ in range(5):
        with file.open("w") as err:
            words = (sys.executable, "-c", RUN, "seq 20000 >&2; echo 'srun: error: x' >&2; exit 1")
            done = subprocess.run(words, env=processes.environment(), stderr=err, check=False)
        assert done.returncode == 1
        assert file.read_text().endswith("20000\nsrun: error: x\n")


def test_a_reason_is_the_last_line_and_is_not_said_twice() -> None:
    done = ran(f"echo ValueError: x >&2; echo '{DIED}' >&2; exit 3")
    said = "rank 0 on n1: Exited with exit code 3; last on stderr: ValueError: x"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (3, f"hpcpy launch: {said}")
    done = ran("echo 'srun: error: something new' >&2; exit 1")
    assert (done.returncode, done.stderr) == (1, "srun: error: something new\n")


def test_a_signal_to_the_group_ends_the_script_and_not_the_filter() -> None:
    script = "trap 'echo late >&2; exit 5' TERM; trap '' INT HUP; kill -INT 0; kill -HUP 0;"
    process = processes.start(RUN, f"{script} kill -TERM 0; exit 1")
    assert (process.communicate(timeout=300)[1], process.returncode) == ("late\n", 5)


def test_stderr_that_nobody_takes_stops_no_job() -> None:
    script = "yes 0123456789 | head -n 20000 >&2; echo done; exit 7"
    full = "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 2)"
    done = ran(script, run=f"{full}\n{RUN}")
    assert (done.returncode, done.stdout) == (7, "done\n")


def test_stderr_that_is_read_late_is_all_there(tmp_path: Path) -> None:
    # More than two pipes take, to one that does not block.
    run = f"import os; os.set_blocking(2, False)\n{RUN}"
    script = f"head -c 300000 /dev/zero | tr '\\0' x >&2; touch {tmp_path}/done"
    process = processes.start(run, f"touch {tmp_path}/begun; {script}")
    wait_until((tmp_path / "begun").exists, process)
    _, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "x" * 300_000)


def test_a_stream_is_closed_as_soon_as_the_script_closes_it(tmp_path: Path) -> None:
    script = f"echo out; exec >&-; until [ -e {tmp_path}/end ]; do sleep 0.05; done"
    process = processes.start(RUN, script)
    assert process.stdout is not None
    assert process.stdout.read() == "out\n"
    (tmp_path / "end").touch()
    assert process.wait(timeout=300) == 0


def test_a_closed_standard_output_is_open_to_the_job() -> None:
    # srun waits a minute for one that is closed.
    closed = ("sh", "-c", 'exec "$@" >&-', "sh")
    assert ran("[ -e /dev/fd/1 ] && exit 7", *closed).returncode == 7


TEXT = Path(__file__).with_name("launch_ends.txt").read_text()
BLOCKS = [re.findall("(?m)^[^#].*$", block) for block in TEXT.split("\n\n")[1:]]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[-1])
def test_the_end_is_explained_in_one_line(block: list[str]) -> None:
    assert f"= {explain(chr(10).join(block[:-1]))}".rstrip() == block[-1]
