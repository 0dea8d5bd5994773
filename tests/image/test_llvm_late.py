"""LLVM's library is opened when something is compiled, and not by `import numba`."""

import sys
from pathlib import Path

import pytest

from running import in_own_process

IS_OPEN = "print('libllvmlite' in open('/proc/self/maps').read())\n"


def test_an_import_opens_no_llvm_and_a_compilation_does() -> None:
    code = f"import numpy, numba, mpi4py, h5py, viztracer\n{IS_OPEN}"
    code += f"print(numba.njit(lambda x: x + 1)(41))\n{IS_OPEN}"
    done = in_own_process(sys.executable, "-c", code)
    assert (done.stdout.split(), done.stderr) == (["False", "42", "True"], "")


def test_the_answers_that_were_written_down_are_the_librarys() -> None:
    from llvmlite.binding import config, initfini

    written = {
        name: value
        for name, value in vars(config).items()
        if callable(vars(config).get(f"_{name}")) and not callable(value)
    }
    assert len(written) == 5
    assert written == {name: getattr(config, f"_{name}")() for name in written}
    assert initfini.llvm_version_info == initfini._version_info()


@pytest.mark.parametrize("given", ["", "0"])
def test_whether_avx_is_used_is_what_numba_says_elsewhere(given: str) -> None:
    code = "from numba.core import codegen, config\n"
    code += "print(int(config.ENABLE_AVX))\n"
    code += "print(int('+avx,' in codegen.get_host_cpu_features()))\n"
    environment = [f"NUMBA_ENABLE_AVX={given}"] if given else ["-u", "NUMBA_ENABLE_AVX"]
    done = in_own_process("env", *environment, sys.executable, "-c", code)
    assert done.stderr == ""
    has_avx = " avx " in Path("/proc/cpuinfo").read_text()
    asked = given or str(int(has_avx))
    assert done.stdout.split() == [asked, str(int(has_avx and asked == "1"))]


def test_a_reload_of_numbas_settings_keeps_their_names() -> None:
    code = "import os\nfrom numba.core import config\n"
    code += "config.ENABLE_AVX; before = dict(vars(config))\n"
    code += "os.environ['NUMBA_TRACE'] = '0'; config.reload_config()\n"
    code += "print(before.keys() - vars(config).keys())"
    assert in_own_process(sys.executable, "-c", code).stdout == "set()\n"
