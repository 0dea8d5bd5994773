"""asyncio's tasks of another process are told, though _asyncio is built in.

A program is looked into by the one that has started it: many machines let
nobody else (Yama's ptrace_scope is 1).
"""

import sys

import pytest

from running import printed, run

TASKS = """
import asyncio
async def leaf():
    # Once it sleeps.
    asyncio.get_running_loop().call_soon(lambda: print(flush=True))
    await asyncio.sleep(1000)
async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(leaf(), name="the leaf")
asyncio.run(main())
"""
# `python -m` of what follows, for a program that it has started itself.
ASK = """
import runpy, subprocess, sys
program, module, *words = sys.argv[1:]
command = [sys.executable, "-c", program]
with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    sys.argv = [module, *words, str(child.pid)]
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        child.kill()
"""
FORBIDDEN = "insufficient permissions"


def told(program: str, *words: str) -> str:
    done = run(sys.executable, "-c", ASK, program, *words)
    if FORBIDDEN in done.stdout:
        pytest.skip("this machine lets nobody read another process's memory, not even a child's")
    return printed(done)


def test_tasks_of_another_process_are_a_tree() -> None:
    tree = told(TASKS, "asyncio", "pstree")
    assert tree.index("(T) Task-1") < tree.index("(T) the leaf") < tree.index("sleep /opt/hpcpy/")
