"""What is linked with the stubs of an older glibc needs no newer one, and runs."""

import re
import shutil
from pathlib import Path

import pytest

from hpcpy.core import paths
from running import run

OLD = paths.RECIPES / "old_libc"
# Functions that glibc has by newer versions, or has only since 2.33 and later.
PROGRAM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static int constructed;
__attribute__((constructor)) static void construct(void) { constructed = 1; }
static void *thread(void *text) { return text; }

int main(int argc, char **argv)
{
    struct stat status;
    struct timespec soon;
    sem_t semaphore;
    pthread_t other;
    void *answer = NULL;
    volatile double x = argc + 1;
    pthread_create(&other, NULL, thread, "thread");
    pthread_join(other, &answer);
    sem_init(&semaphore, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &soon);
    soon.tv_nsec = (soon.tv_nsec + 10000000) % 1000000000;
    int timed_out = sem_clockwait(&semaphore, CLOCK_MONOTONIC, &soon);
    int found = stat(argv[0], &status);
    printf("%d %s %.0f %.0f %d %d %d %s\n", constructed, (char *)answer, pow(x, 3.0),
           exp(0 * x), found, S_ISREG(status.st_mode), timed_out, getenv("HPCPY_TEST"));
    return dlsym(RTLD_DEFAULT, "printf") == NULL;
}
"""


def file(name: str) -> str:
    return run("gcc", f"-print-file-name={name}", check=True).stdout.strip()


@pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc")
def test_a_program_needs_no_newer_glibc_and_runs(tmp_path: Path) -> None:
    stubs = tmp_path / "stubs"
    loader = Path("/lib64/ld-linux-x86-64.so.2").resolve()
    libraries = [Path(file(name)).resolve() for name in ("libc.so.6", "libm.so.6")]
    run("sh", OLD / "stubs.sh", stubs, "2.28", *libraries, loader, check=True)
    (tmp_path / "program.c").write_text(PROGRAM)
    sources = [*OLD.glob("*.c"), tmp_path / "program.c"]
    shared = ["libm.so.6", "libc.so.6", loader.name]
    command = [
        *("gcc", "-O2", "-no-pie", "-fno-builtin", "-nodefaultlibs", "-Wl,--wrap=main"),
        *("-o", tmp_path / "program", *sources, *(stubs / name for name in shared)),
        *(file("libc_nonshared.a"), "-lgcc", "-lgcc_eh"),
    ]
    linked = run(*command)
    assert linked.returncode == 0, linked.stderr
    versions = run("readelf", "--version-info", "--wide", tmp_path / "program").stdout
    assert max(map(int, re.findall(r"GLIBC_2\.(\d+)", versions))) <= 28
    done = run(tmp_path / "program", env={"HPCPY_TEST": "seen"})
    assert done.stdout == "1 thread 8 1 0 1 -1 seen\n"
    assert done.returncode == 0
