"""strace's output is read right, also where calls of several threads mix."""

from __future__ import annotations

import pytest

from hpcpy.measure.strace import Call, TraceError, calls, descriptor_path, string

# strace 6.1
STRANGE_NAME = r"""
8501  openat(AT_FDCWD</w>, "d(1), \"q\" \303\274\nx", O_RDONLY) = 3</w/d(1), \"q\" \303\274\nx>
8501  newfstatat(3</w/d(1), \"q\" \303\274\nx>, "inner", 0x7fffd4, 0) = -1 ENOENT (No such file)
""".strip().splitlines()
THREAD_CALLS_EXECVE = """
8581  clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7fff80} => {parent_tid=[8582]}, 88) = 8582
8582  execve("/bin/true", [...], 0x7fffd4e88af0 /* 42 vars */ <pid changed to 8581 ...>
8581  +++ superseded by execve in pid 8582 +++
8581  <... execve resumed>)             = 0
""".strip().splitlines()
THREADS_CALL_EXECVE_AND_WAIT = """
8581  futex(0x7f30bd13a72c, FUTEX_WAIT_PRIVATE, 2 <unfinished ...>
8582  execve("/apptainer/starter", ["starter"...], 0x3b4a /* 3 vars */ <unfinished ...>
8581  +++ superseded by execve in pid 8582 +++
8581  <... execve resumed>)             = 0
""".strip().splitlines()


def only(line: str) -> Call:
    (call,) = calls([line])
    return call


def test_a_call_has_its_arguments_its_value_and_its_error() -> None:
    call = only('7 newfstatat(AT_FDCWD</w>, "/a/", 0x7ffd, 0) = -1 ENOENT (No such file)\n')
    assert (call.pid, call.name, call.value, call.error) == (7, "newfstatat", -1, "ENOENT")
    assert call.arguments == ("AT_FDCWD</w>", '"/a/"', "0x7ffd", "0")


def test_a_structure_and_a_comment_are_one_argument() -> None:
    call = only('7 newfstatat(3</a>, "b", {st_mode=S_IFREG|0644, st_size=1, ...}, 0) = 0')
    assert call.arguments[2:] == ("{st_mode=S_IFREG|0644, st_size=1, ...}", "0")
    call = only('7 execve("/bin/ls", ["ls", "(,"], 0x55 /* 7 vars, all of them */) = 0')
    assert call.arguments[1:] == ('["ls", "(,"]', "0x55 /* 7 vars, all of them */")


def test_brackets_commas_and_quotes_in_a_name_mean_nothing() -> None:
    opened, looked = calls(STRANGE_NAME)
    assert string(opened.arguments[1]) == 'd(1), "q" ü\nx'
    assert descriptor_path(looked.arguments[0]) == '/w/d(1), "q" ü\nx'
    assert (opened.value, looked.error) == (3, "ENOENT")


def test_a_call_that_was_interrupted_by_others_is_put_together() -> None:
    first, second = calls(
        [
            '28 openat(AT_FDCWD</>, "/a", O_RDONLY <unfinished ...>',
            '29 access("/b", R_OK)      = 0',
            "28 <... openat resumed>)             = 3</a>",
        ]
    )
    assert (first.name, first.pid) == ("access", 29)
    assert (second.name, second.pid, second.value) == ("openat", 28, 3)
    assert string(second.arguments[1]) == "/a"


@pytest.mark.parametrize("trace", [THREAD_CALLS_EXECVE, THREADS_CALL_EXECVE_AND_WAIT])
def test_a_thread_that_calls_execve_becomes_the_process(trace: list[str]) -> None:
    last = list(calls(trace))[-1]
    assert (last.name, last.pid, last.value) == ("execve", 8581, 0)


def test_signals_ends_and_what_never_returns_are_no_problem() -> None:
    trace = [
        "7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---",
        "7 exit_group(0)                     = ?",
        "7 +++ exited with 0 +++",
        "8 ???( <unfinished ...>",
        '9 openat(AT_FDCWD</>, "/a", O_RDONLY <unfinished ...>',
        "8 <... ??? resumed>)               = ?",
        "8 +++ killed by SIGKILL +++",
    ]
    assert [(call.name, call.value) for call in calls(trace)] == [
        ("exit_group", None),
        ("???", None),
    ]


def test_the_end_of_a_call_that_began_unseen_is_left_out() -> None:
    assert list(calls(["7 <... wait4 resumed>NULL, 0, NULL) = 9"])) == []


def test_strings_that_were_cut_and_addresses_have_no_path() -> None:
    assert string('""...') == ""
    assert string("NULL") is None
    assert descriptor_path("AT_FDCWD") is None
    assert descriptor_path("3<pipe:[1934841]>") is None


@pytest.mark.parametrize("line", ["", "strace: exec: Permission denied", "7 open(", "7 what"])
def test_what_is_no_line_of_strace_is_refused(line: str) -> None:
    with pytest.raises(TraceError):
        list(calls([line]))
