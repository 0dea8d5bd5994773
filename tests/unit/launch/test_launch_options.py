"""What ``launch`` takes of what a user types, and what it refuses."""

import pytest
from requested import requested

from hpcpy_common.errors import UsageError

PI = "-- -m workloads pi"


def test_what_is_not_given_is_one_rank_on_one_node() -> None:
    request = requested("--site=", "--mem=", "--time= ")
    assert (request.nodes, request.tasks, request.cpus, request.gpus) == (1, 1, 1, 0)
    assert (request.site, request.engine, request.dry, request.time) == ("", "", False, "")
    assert requested("--nodes", "3").tasks == 3
    # Memory and time are as srun takes them.
    for value in "30", "1:30", "01:30:00", "2-0", "2-1:30", "2-1:30:10", "UNLIMITED", "-1":
        assert requested(f"--time={value}").time == value
    for value in "8", "8g", "8GB", "0", "512M/cpu":
        assert requested(f"--mem={value}").mem == value


@pytest.mark.parametrize(
    ("program", "title", "workload"),
    [
        (["my.py", "--nodes", "a b"], "my", ()),
        (["/data/you/my.mpi.py"], "my.mpi", ()),
        (["-m", "my.package", "--", "-v"], "my.package", ()),
        (["-m", "workloads", "pi", "--impl", "mpi"], "pi", ("pi", "--impl", "mpi")),
    ],
)
def test_a_program_is_what_follows_python(
    program: list[str], title: str, workload: tuple[str, ...]
) -> None:
    request = requested("--nodes=2", "--", *program)
    assert (request.title, request.workload) == (title, workload)
    assert request.program == tuple(program)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--", "no program is given"),
        (f"--dask --spark {PI}", "DASK=1 and SPARK=1: the ranks form one cluster"),
        ("-- -c print(1)", "begins neither with a script nor with -m MODULE"),
        (f"--nodes=2 --tasks=1 {PI}", "a node would have no rank"),
        (f"--nodes=0 {PI}", "argument --nodes: 0 is not at least 1"),
        (f"--nodes=12345678 {PI}", "argument --nodes: 12345678 is more than "),
        (f"--gpus=-1 {PI}", "argument --gpus: -1 is not at least 0"),
        (f"--engine=aptainer {PI}", "did you mean apptainer?"),
        (f"--node=2 {PI}", "unrecognized arguments: --node=2"),
        ("my.py --its --", "arguments: my.py --its; a program and its options stand after --"),
        *(
            (f"--{name}={value} {PI}", f"argument --{name}: {value!r} is not a whole number")
            for name in ("nodes", "tasks", "cpus", "gpus")
            for value in ("x", "1.5", "2G")
        ),
        *(
            (f"--mem={value} {PI}", f"--mem: {value} is neither 8G, of a node, nor 2G/cpu")
            for value in ("8G/core", "12Q", "1.5G", "-3", "x", "8GiB", "8GBx", "/cpu", "Q/cpu")
        ),
        *(
            (f"--time={value} {PI}", f"--time: {value} is neither 30, of minutes, nor 01:30:00")
            for value in ("nope", "1:2:3:4", "30m", "1.5", "-5", "1-2-3", "1-", ":30", "infinit")
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(words: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        requested(*words.split())
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("word", ["--account=a\n#SBATCH --x", "--image=a\x1bb", "--qos=\udcff"])
def test_no_value_gets_out_of_its_line(word: str) -> None:
    with pytest.raises(UsageError, match="holds a character that cannot be printed"):
        requested(word)
