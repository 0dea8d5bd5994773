"""The number of threads follows its rules, whatever the kernel and Slurm say."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

import pytest
from fuzzing import Driver, cases, driver, text
from hypothesis import example, given
from hypothesis import strategies as st

MOST = 1 << 20
LARGEST = 2**63 - 1
RANKS = (
    "MPI_LOCALNRANKS",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "PMI_LOCAL_SIZE",
    "SLURM_STEP_TASKS_PER_NODE",
)
OF_SLURM = ("SLURM_CPUS_ON_NODE", "SLURM_CPUS_PER_TASK")
COUNTS = st.lists(
    st.integers(-2, 9).map(str)
    | st.sampled_from(["16(x2)", "", "many", "99999999999999999999", str(MOST), str(MOST + 1)]),
    max_size=3,
).map(",".join)
QUOTAS = (
    st.sampled_from(["max", "nonsense", "", "-1", "0", str(LARGEST), "99999999999999999999"])
    | st.integers(1, 10**7).map(str)
    | st.integers(2**31, LARGEST).map(str)
)
PERIODS = st.sampled_from(["100000", "1", "0", "-5", "x", str(LARGEST)]) | st.integers(
    1, 10**6
).map(str)
# Paths of cgroups as the kernel writes them, from the root on.
GROUPS = st.sampled_from(["/", "", "/job", "/job/step", "/job/step/", "/elsewhere", "/../x"])
CONTROLLERS = st.sampled_from(["", "cpu", "cpu,cpuacct", "cpuset", "name=systemd", "cpuacct"]) | (
    st.integers(40, 60).map(lambda size: f"{'x' * size},cpuacct,cpu")
)
Case = tuple[str, Mapping[str, str], Mapping[str, str]]


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    with driver(tmp_path_factory.mktemp("driver"), "threads") as found:
        yield found


@st.composite
def groups(draw: st.DrawFn) -> dict[str, str]:
    lines = draw(st.lists(st.tuples(st.integers(0, 13), CONTROLLERS, GROUPS), max_size=4))
    files = {"/own": "".join(f"{number}:{which}:{own}\n" for number, which, own in lines)}
    for folder in draw(st.sets(st.sampled_from(["", "/job", "/job/step", "/job/step/"]))):
        files[f"/cgroup{folder}/cpu.max"] = f"{draw(QUOTAS)} {draw(PERIODS)}\n"
        files[f"/cgroup/cpu{folder}/cpu.cfs_quota_us"] = f"{draw(QUOTAS)}\n"
        files[f"/cgroup/cpu{folder}/cpu.cfs_period_us"] = f"{draw(PERIODS)}\n"
    return files


@st.composite
def machines(draw: st.DrawFn) -> Case:
    """Draw a chain of processes that begins with this one's parent, with their files."""
    files = draw(groups())
    variables = draw(st.dictionaries(st.sampled_from([*RANKS, *OF_SLURM]), COUNTS, max_size=4))
    row = draw(st.lists(st.integers(2, 99), unique=True, max_size=4))
    row = [*sorted(row, reverse=True), draw(st.integers(0, 1))]
    for process, parent in itertools.pairwise(row):
        name = draw(st.sampled_from(["srun", "a b", ") R 7 (", "((", ""]))
        files[f"/proc/{process}/stat"] = f"{process} ({name}) S {parent} 1 1"
        if draw(st.booleans()):
            given = draw(st.sets(st.sampled_from([*RANKS, "HOME", "MPI_LOCALNRANKS_"])))
            files[f"/proc/{process}/environ"] = "".join(f"{one}=1\0" for one in sorted(given))
        if draw(st.booleans()):
            files[f"affinity/{process}"] = str(draw(st.integers(1, 3000)))
    files["affinity/0"] = str(draw(st.integers(1, 64) | st.just(5000)))
    return f"{row[0]} {draw(st.integers(1, 256))}", variables, files


def ask(threads: Driver, case: Case) -> int:
    numbers, variables, files = case
    entries = "".join(f"{name}={value}\0" for name, value in variables.items())
    sent = [part for path, content in files.items() for part in (text(path), content.encode())]
    # What C reads as a string has its zero byte; a file's content has none.
    sent = [
        part + b"\0" if index % 2 and sent[index - 1].startswith(b"affinity") else part
        for index, part in enumerate(sent)
    ]
    return int(threads.ask(text(numbers), entries.encode(), *sent))


def leading(value: str) -> int | None:
    """Return the number that a text begins with, within the range of C's long, or None."""
    found = re.match(r"\s*[+-]?\d+", value)
    return max(-LARGEST - 1, min(LARGEST, int(found[0]))) if found else None


def number(value: str | None) -> int:
    """Return the largest number, up to `MOST`, in a list of Slurm's; 0 if there is none."""
    found = [leading(one) or 0 for one in (value or "").split(",")]
    return max([0, *(one for one in found if one <= MOST)])


def quota_of(files: Mapping[str, str], folder: str, is_first: bool) -> int:
    if is_first:
        told = [files.get(f"{folder}/cpu.cfs_{what}_us", "") for what in ("quota", "period")]
    else:
        told = files.get(f"{folder}/cpu.max", "").split()
    value, period = (leading(one) for one in [*told, "", ""][:2])
    # With an empty quota the period is the only word.
    if len([one for one in told if one.strip()]) < 2 or not value or not period:
        return MOST
    return min(MOST, -(-value // period)) if value > 0 and period > 0 else MOST


def quota(files: Mapping[str, str]) -> int:
    found = [MOST]
    for line in files["/own"].splitlines():
        _, controllers, own = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounted = "/cgroup/cpu" if controllers else "/cgroup"
        found.append(quota_of(files, mounted + own, bool(controllers)))
        while own:
            own = own.rpartition("/")[0]
            found.append(quota_of(files, mounted + own, bool(controllers)))
    return min(found)


def of_launcher(parent: int, files: Mapping[str, str], variable: str) -> int:
    process = parent
    while process > 1:
        given = files.get(f"/proc/{process}/environ")
        if given is not None and f"\0{variable}=" not in f"\0{given}":
            return int(files.get(f"affinity/{process}", "0"))
        stat = files.get(f"/proc/{process}/stat", ") S 0")
        process = int(stat.rpartition(")")[2].split()[1])
    return 0


def expected(case: Case) -> int:
    """Return the number of threads by the rules of docs/linalg.md."""
    numbers, variables, files = case
    parent, online = map(int, numbers.split())
    allowed = quota(files)
    count = min(int(files["affinity/0"]), allowed)
    count = min(count, number(variables.get("SLURM_CPUS_PER_TASK")) or MOST)
    for name in RANKS:
        if ranks := number(variables.get(name)):
            is_slurm = name.startswith("SLURM")
            on_node = number(variables.get("SLURM_CPUS_ON_NODE"))
            together = on_node if is_slurm else of_launcher(parent, files, name)
            together = min(together, allowed) if together else online
            return max(1, min(count, together // ranks or 1))
    return max(1, count)


def quota_alone(quota: str) -> Case:
    return "1 1", {}, {"/own": "0::/\n", "/cgroup/cpu.max": f"{quota}\n", "affinity/0": "8"}


def list_of(controllers: str) -> Case:
    of_first = "/cgroup/cpu/cpu.cfs_"
    files = {f"{of_first}quota_us": "1\n", f"{of_first}period_us": "1\n", "affinity/0": "8"}
    return "1 1", {}, {"/own": f"1:{controllers}:/\n", **files}


@cases(500)
@given(case=machines())
# The sum of both overflowed, and a quotient too large for an int was taken as below 1.
@example(case=quota_alone(f"{LARGEST} 100000"))
@example(case=quota_alone("4294967296 1"))
@example(case=quota_alone("6442450944 1"))
# Text after the sixtieth letter was not read, and `cpuacct` cut off there was taken as `cpu`.
@example(case=list_of(f"{'x' * 58},cpu"))
@example(case=list_of(f"{'x' * 56},cpuacct"))
def test_the_number_follows_the_rules(threads: Driver, case: Case) -> None:
    assert ask(threads, case) == expected(case)


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
