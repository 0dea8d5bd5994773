"""No rank compiles what `python -m hpcpy_warmup` has kept, and a changed file is reported."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import pytest
from numba_programs import COUNTING, OF_USERS, USERS, ran, script

from _hpcpy_numba import LEVELS, level
from running import launcher, printed, run
from tiers import sampled

FEATURES = llvm.get_host_cpu_features().flatten()
HERE = level((llvm.get_process_triple(), llvm.get_host_cpu_name(), FEATURES))
RUNNABLE = list(LEVELS)[list(LEVELS).index(HERE) :]
# A closure's constant is part of the code; `twice` has nothing of it in its file.
SMALL = """
import numba
def adds(number):
    @numba.njit(cache=True)
    def add(x):
        return x + number
    return add
@numba.njit(cache=True)
def twice(x):
    return 2 * x
seen["answers"] = [adds(1)(1), adds(10)(1), twice(4)]
"""
RANK = """
import numba, sys
@numba.njit(cache=True)
def root(x):
    return x ** 0.5
root(4.0)
print(sum(root.stats.cache_misses.values()), sum(root.stats.cache_hits.values()))
"""


def warm_up(*words: object, **variables: str) -> subprocess.CompletedProcess[str]:
    mine = ("NUMBA_", "HPCPY_KERNELS")
    base = {k: v for k, v in os.environ.items() if not k.startswith(mine)}
    return run(sys.executable, "-m", "hpcpy_warmup", *words, env={**base, **variables}, cwd="/")


def kept(folder: Path, program: str, *names: str) -> dict[str, str]:
    """Warm a program up for this processor's level, and return the variable for it."""
    chosen = [f"--level={name}" for name in names or (HERE,)]
    printed(warm_up("--to", folder, *chosen, program))
    return {"HPCPY_KERNELS": str(folder)}


def compiled(seen: dict[str, Any]) -> list[Any]:
    return [seen["compiled"], seen["generated"], seen["written"]]


@pytest.mark.long
def test_nothing_of_a_program_is_compiled_or_cached(tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, USERS)
    told = kept(tmp_path / "kept", program)
    (tmp_path / "cold").mkdir()
    cold, _ = ran(program, tmp_path / "cold")
    seen, said = ran(program, tmp_path, told)
    assert set(cold["compiled"]) >= OF_USERS
    assert (compiled(seen), said) == ([[], [], []], "")
    assert seen["answers"] == cold["answers"]


@pytest.mark.parametrize("processor", sampled(RUNNABLE[1:]))
def test_a_lower_level_serves_where_there_is_no_higher(processor: str, tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, SMALL)
    seen, said = ran(program, tmp_path, kept(tmp_path / "kept", program, processor))
    assert (compiled(seen), said) == ([[], [], []], "")
    assert seen["answers"] == [2, 11, 8]


def test_a_changed_file_is_compiled_and_says_so(tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, SMALL)
    told = kept(tmp_path / "kept", program)
    (tmp_path / "code/program.py").chmod(0o644)
    changed = Path(program).read_text().replace("2 * x", "3 * x")
    Path(program).write_text(changed)
    seen, said = ran(program, tmp_path, told)
    assert seen["answers"] == [2, 11, 12]
    assert set(seen["compiled"]) == {"adds.<locals>.add", "twice"}
    assert said == (
        f"hpcpy: {program} has changed since {tmp_path}/kept was made: numba compiles anew; "
        "python -m hpcpy_warmup keeps it\n"
    )
    # Once more.
    told = kept(tmp_path / "kept", program)
    seen, said = ran(program, tmp_path, told)
    assert (compiled(seen), said) == ([[], [], []], "")


def test_sixteen_ranks_compile_nothing(tmp_path: Path) -> None:
    program = script(tmp_path / "code", RANK)
    told = kept(tmp_path / "kept", program)
    done = run(
        *launcher(16), sys.executable, program, env={**os.environ, **told, "TMPDIR": "/nonexistent"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 1\n" * 16, "")
    Path(program).chmod(0o644)
    with Path(program).open("a") as file:
        file.write("# changed\n")
    done = run(*launcher(3), sys.executable, program, env={**os.environ, **told})
    assert done.returncode == 0
    assert done.stderr.count("has changed since") == 1


@pytest.mark.long
def test_what_is_of_another_image_is_not_taken(tmp_path: Path) -> None:
    program = script(tmp_path / "code", COUNTING, SMALL)
    told = kept(tmp_path / "kept", program)
    for name in ("index", f"{HERE}.bin"):
        file = tmp_path / "kept" / name
        data = bytearray(file.read_bytes())
        data[10] ^= 1
        file.write_bytes(data)
    seen, said = ran(program, tmp_path, told)
    assert seen["answers"] == [2, 11, 8]
    assert said == (
        f"hpcpy: {tmp_path}/kept/index is of another image: numba compiles anew; "
        "python -m hpcpy_warmup keeps it\n"
    )
    (tmp_path / "kept/index").write_bytes(b"")
    seen, said = ran(program, tmp_path, told)
    assert said.startswith(f"hpcpy: {tmp_path}/kept/index is damaged: numba compiles anew")
    _, said = ran(program, tmp_path, {"HPCPY_KERNELS": str(tmp_path / "nothing")})
    assert said.startswith(f"hpcpy: HPCPY_KERNELS: {tmp_path}/nothing/index: No such file")
    # Damaged again: it is made anew as a whole.
    seen, said = ran(program, tmp_path, kept(tmp_path / "kept", program))
    assert (compiled(seen), said) == ([[], [], []], "")


@pytest.mark.parametrize(
    ("code", "options", "program", "says"),
    [
        (2, (), None, "no such file"),
        (1, (), "raise SystemExit(3)", "ended with exit code 3 as of"),
        (69, (), "import numba", "nothing to keep: no numba function with cache=True"),
        (73, ("--to=/usr/kept",), SMALL, "Read-only file system"),
    ],
)
def test_what_cannot_be_is_one_line(
    code: int, options: tuple[str, ...], program: str | None, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    if program is not None:
        path.write_text(f"seen = {{}}\n{program}")
    done = warm_up(f"--to={tmp_path / 'kept'}", f"--level={HERE}", *options, path)
    assert done.returncode == code
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "kept").glob("*")) or not (tmp_path / "kept").exists()


GLOBALS = """
import numba, sys, types
size, unused = int(sys.argv[1]), object()
config = types.ModuleType("config")
config.offset = int(sys.argv[2])
@numba.njit(cache=True)
def scaled(values):
    return values.size * size
@numba.njit(cache=True)
def total(values):
    return scaled(values) + config.offset
import numpy as np
print(total(np.ones(2)), sum(total.stats.cache_misses.values()))
"""


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [(["3", "1"], "7 0"), (["4", "1"], "9 1"), (["3", "5"], "11 1")],
    ids=["the same", "a global of a function that it calls", "an attribute of a module"],
)
def test_a_function_is_kept_for_the_values_of_its_global_variables(
    arguments: list[str], answer: str, tmp_path: Path
) -> None:
    program = script(tmp_path / "code", GLOBALS)
    folder = tmp_path / "kept"
    printed(warm_up("--to", folder, f"--level={HERE}", program, "3", "1"))
    variables = {**os.environ, "HPCPY_KERNELS": str(folder), "NUMBA_CACHE_DIR": str(tmp_path)}
    rank = run(sys.executable, program, *arguments, env=variables, cwd="/")
    assert (rank.returncode, rank.stdout.strip()) == (0, answer)
    assert rank.stderr.count("\n") == int(answer[-1]), rank.stderr
    if rank.stderr:
        assert "and the values of its global variables: numba compiles it" in rank.stderr
