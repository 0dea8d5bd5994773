"""The library that gives the executable's own HDF5 functions to plug-ins that load it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpcpy.paths import ROOT

INTERP = ROOT / "src/interp"
FEATURE = INTERP / "features/hdf5_plugins"
sys.path.insert(0, str(FEATURE))

from hdf5_names import MARK, assembly, names  # noqa: E402

needs_gcc = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("gcc", "nm")), reason="no gcc or binutils"
)

# In place of HDF5 and Python: a function, a variable, and a plug-in that is opened.
PROGRAM = r"""
#include <dlfcn.h>
#include <stdio.h>
void *hpcpy_hdf5_open(const char *path, int flags);
const char *hpcpy_library(void) { return "library"; }
long H5E_PLINE_g = 7;
int H5open(void) { return 42; }
int main(int count, char **words)
{
    (void)count;
    void *plugin = hpcpy_hdf5_open(words[1], RTLD_LAZY);
    if (plugin == NULL) return puts(dlerror()), 1;
    if (dlsym(RTLD_DEFAULT, "H5open") != NULL) return 2;
    int (*use)(void) = (int (*)(void))dlsym(plugin, "use");
    int first = use();
    H5E_PLINE_g = 8;
    printf("%d %d\n", first, use());
    return 0;
}
"""
PLUGIN = (
    "extern long H5E_PLINE_g; int H5open(void); int use(void) { return H5open() + H5E_PLINE_g; }"
)


def test_what_the_headers_declare_is_given_and_what_is_hdf5s_own_is_not() -> None:
    lines = [
        *("H5open T 401000 10", "H5Zregister T 401010 20", "H5Z_register T 401030 5"),
        *("H5Z__flush T 401040 5", "H5FDopen W 401050 5", "H5T_NATIVE_INT_g B 402000 8"),
        *("H5E_PLINE_g D 402008 8", "Hello T 401060 5", "H5_libterm_g B 402010 1"),
    ]
    found = list(names(lines))
    assert [name for name, *_ in found] == [
        *("H5open", "H5Zregister", "H5FDopen", "H5T_NATIVE_INT_g", "H5E_PLINE_g", "H5_libterm_g")
    ]
    assert ("H5T_NATIVE_INT_g", "%object", "0x402000", "0x8") in found
    assert ("H5open", "%function", "0x401000", "0") in found


def test_a_stripped_executable_is_refused() -> None:
    with pytest.raises(ValueError, match="is it stripped"):
        assembly(names([]))


@needs_gcc
@pytest.mark.parametrize("soname", ["libhdf5.so", "libhdf5.so.200"])
def test_a_plugin_gets_the_executables_functions_and_others_do_not(
    tmp_path: Path, soname: str
) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={"PYTHONPATH": str(FEATURE), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    folder = tmp_path / "library/site-packages/h5py"
    folder.mkdir(parents=True)
    (tmp_path / "program.c").write_text(PROGRAM)
    (tmp_path / "plugin.c").write_text(PLUGIN)
    (tmp_path / "exports").write_text("{ Py*; _Py*; };")
    (tmp_path / "hdf5_sonames.h").write_text('#define HPCPY_HDF5_SONAMES "libhdf5.so.200"\n')
    link = ("gcc", "-no-pie", "-Wl,--dynamic-list=exports", "-Wall", "-Werror", f"-I{INTERP}")
    run(*link, "-I.", "-o", "program", "program.c", str(FEATURE / "hdf5.c"))
    (tmp_path / "libhdf5.S").write_text(run(sys.executable, "-m", "hdf5_names", "program"))
    shared = ("gcc", "-shared", "-nostdlib", "-Wl,--no-as-needed")
    run(*shared, "-Wl,-soname,libhdf5.so", "-o", f"{folder}/libhdf5.so", "libhdf5.S")
    run(
        *(*shared, "-Wl,-soname,libhdf5.so.200", "-o", f"{folder}/libhdf5.so.200"),
        f"{folder}/libhdf5.so",
    )
    plugin = ("gcc", "-shared", "-fPIC", "-Wl,--no-as-needed", "-o", "plugin.so", "plugin.c")
    run(*plugin, f"{folder}/{soname}")
    assert run("./program", "./plugin.so") == "49 50\n"
    # Another program, in which the addresses would lead anywhere.
    opens = f"import ctypes; ctypes.CDLL({str(folder / 'libhdf5.so')!r})"
    done = subprocess.run(
        [sys.executable, "-c", opens], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"undefined symbol: {MARK}" in done.stderr
