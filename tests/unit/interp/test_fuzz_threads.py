"""The number of threads follows its rules, whatever the kernel and Slurm say."""

from collections.abc import Iterator

import pytest
from fuzzing import Driver, cases, driver, text
from hypothesis import given
from hypothesis import strategies as st

LARGEST = 2**63 - 1
QUOTA = "/cgroup/cpu.max"
OLD_QUOTA = "/cgroup/cpu/cpu.cfs_quota_us"
OLD_PERIOD = "/cgroup/cpu/cpu.cfs_period_us"
# A launcher that has started another process, whose child this process is.
LAUNCHED = {
    "/proc/7/stat": "7 () R 9 () S 5 1 1",
    "/proc/7/environ": "MPI_LOCALNRANKS=4\0",
    "/proc/5/environ": "HOME=/home\0",
    "affinity/5": "12",
}


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with driver(tmp_path_factory.mktemp("driver"), "threads") as found:
        yield found


def of_first_version(controllers: str) -> dict[str, str]:
    return {"/own": f"1:{controllers}:/\n", OLD_QUOTA: "1\n", OLD_PERIOD: "1\n"}


# By the rules of docs/reference/linalg.md: this process may run on 8 processors of 16.
@pytest.mark.parametrize(
    ("variables", "files", "expected"),
    [
        ({}, {}, 8),
        ({}, {QUOTA: "250000 100000\n"}, 3),
        ({}, {"/own": "0::/job\n", QUOTA: "200000 100000\n"}, 2),
        ({}, {QUOTA: "max 100000\n"}, 8),
        ({"SLURM_CPUS_PER_TASK": "2"}, {}, 2),
        ({"MPI_LOCALNRANKS": "4"}, {}, 4),
        ({"MPI_LOCALNRANKS": "4"}, LAUNCHED, 3),
        ({"MPI_LOCALNRANKS": "99"}, {}, 1),
        ({"SLURM_STEP_TASKS_PER_NODE": "4(x2)", "SLURM_CPUS_ON_NODE": "8"}, {}, 2),
        # The sum of both overflowed, and a quotient too large for an int was taken as below 1.
        ({}, {QUOTA: f"{LARGEST} 100000\n"}, 8),
        ({}, {QUOTA: "4294967296 1\n"}, 8),
        ({}, {QUOTA: "6442450944 1\n"}, 8),
        # Text after the sixtieth letter was not read, and `cpuacct` cut off there was taken as
        # `cpu`.
        ({}, of_first_version(f"{'x' * 58},cpu"), 1),
        ({}, of_first_version(f"{'x' * 56},cpuacct"), 8),
    ],
)
def test_the_number_follows_the_rules(
    threads: Driver, variables: dict[str, str], files: dict[str, str], expected: int
) -> None:
    entries = "".join(f"{name}={value}\0" for name, value in variables.items())
    sent = [b"affinity/0\0", b"8\0"]
    for path, content in ({"/own": "0::/\n"} | files).items():
        # What C reads as a string has its zero byte; a file's content has none.
        is_text = path.startswith("affinity")
        sent += [text(path), text(content) if is_text else content.encode()]
    assert int(threads.ask(b"7 16\0", entries.encode(), *sent)) == expected


@cases(1500)
@given(
    own=st.binary(max_size=60),
    file=st.binary(max_size=60),
    stat=st.binary(max_size=40) | st.binary(max_size=40).map(lambda end: b")" + end),
    count=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
)
def test_any_bytes_give_a_number(
    threads: Driver, own: bytes, file: bytes, stat: bytes, count: str
) -> None:
    files = {"/own": own, "/cgroup/cpu.max": file, "/cgroup/cpu/cpu.cfs_quota_us": file}
    # Without digits the stat names no parent: the kernel never makes a loop of parents.
    files |= {"/proc/7/stat": stat.translate(None, b"0123456789"), "/cgroup/x/cpu.max": file}
    sent = [part for path, content in files.items() for part in (text(path), content)]
    variables = f"MPI_LOCALNRANKS={count}\0SLURM_CPUS_PER_TASK={count}\0".encode()
    answer = int(threads.ask(b"7 4\0", variables, *sent, b"affinity/0\0", b"4\0"))
    assert 1 <= answer <= 4
