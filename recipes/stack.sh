#!/bin/sh
# The packages of the stack that are not compiled here, from their projects' wheels.  No
# bytecode: the interpreter has all modules in memory.
# shellcheck source=recipes/packages.sh
. "$CONTEXT/recipes/packages.sh"

install_wheels
apply_patches "$site"
# They name the build's folders; interpreter.sh takes them out of RECORD.
find "$site" -name direct_url.json -delete

# LLVM's answers to llvmlite's questions at import are written into its modules here, by a
# Python that can load LLVM.
PYTHONPATH=$site "${TARGET_PYTHON-$PREFIX/bin/python3}" -B - <<'END'
import pathlib
import re

from llvmlite.binding import config, initfini

for module in config, initfini:
    path = pathlib.Path(module.__file__)
    answer = lambda found: f"{found[1]} = {getattr(module, found[1])!r}"
    text, count = re.subn(r"^(\w+) = _\w+\(\)$", answer, path.read_text(), flags=re.MULTILINE)
    assert count, path
    path.write_text(text)
END

# debugpy's wheels for other machines hold x86-64's library, too.
case $MULTIARCH in
    x86_64*) ;;
    *) find "$site" -name 'attach_linux_amd64.so' -delete ;;
esac

# 164 MB, 115 of them cupy's.
strip_packages

# matplotlib's part for Tk, which this Python does not have.
rm -f "$site"/matplotlib/backends/_tkagg.*.so

# LLVM's library gets the paths of Debian's libraries: for bare names the loader
# would search LD_LIBRARY_PATH, which Apptainer sets, by a call or more for each.
# libc.so.6 has all functions of its former parts, such as libpthread.
mkdir patchelf
dpkg-deb -x "$MATERIALS"/patchelf_*.deb patchelf
llvm=$site/llvmlite/binding/libllvmlite.so
set --
for library in $(patchelf/usr/bin/patchelf --print-needed "$llvm"); do
    case $library in
        ld-linux* | libc.so.* | libm.so.*) continue ;; # the interpreter has them
        libpthread.so.* | libdl.so.* | librt.so.*) path=libc.so.6 ;;
        *) path=/lib/$MULTIARCH/$library ;;
    esac
    set -- "$@" --replace-needed "$library" "$path"
done
patchelf/usr/bin/patchelf "$@" "$llvm"

# CuPy's modules have the path of another Python's folder, where the loader would look first.
find "$site" -path "$site/cupy*.so" -exec patchelf/usr/bin/patchelf --remove-rpath {} +
