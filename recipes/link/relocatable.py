"""An extension module as one relocatable object with a single global name."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from link_line import LinkLine

# A section that keeps the libraries in the object itself, from the package's link until
# collect.py takes it: an installer copies that file, and would not copy a second one.
LIBRARIES = ".hpcpy.libraries"
_ET_REL = 1


def init_symbol(module: Path) -> str:
    """Return the init function's name of a module's file.

    >>> init_symbol(Path("build/_umath.cpython-314-x86_64-linux-gnu.so"))
    'PyInit__umath'
    """
    return f"PyInit_{module.name.partition('.')[0]}"


def make(driver: str, line: LinkLine) -> bool:
    """Link a module relocatably instead of shared, at the same path.

    All names but the init function's become local, so that two modules may
    define the same ones, as they may as shared objects.  False for another shared
    object, which has no init function of the output's name.
    """
    keep = init_symbol(line.output)
    with tempfile.TemporaryDirectory(dir=line.output.parent) as folder:
        linked, libraries = Path(folder, "linked.o"), Path(folder, "libraries")
        # Without --force-group-allocation the final link would take one module's copy
        # of a C++ template for all modules, though the copies are local by then.
        options = ["-r", "-nostdlib", "-Wl,--force-group-allocation", "-o", str(linked)]
        subprocess.run([driver, *options, *line.inputs], check=True)
        if keep not in defined(linked):
            return False
        libraries.write_text("".join(f"{one}\n" for one in line.libraries))
        subprocess.run(
            [
                "objcopy",
                "--strip-debug",
                f"--keep-global-symbol={keep}",
                f"--add-section={LIBRARIES}={libraries}",
                str(linked),
            ],
            check=True,
        )
        linked.replace(line.output)
    # The mode of a linker's output, which installers copy.
    line.output.chmod(0o755)
    return True


def defined(binary: Path) -> set[str]:
    """Return the global names that an object defines."""
    command = ["nm", "--defined-only", "--extern-only", "--format=posix", str(binary)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {entry.split()[0] for entry in listed.splitlines()}


def is_relocatable(path: Path) -> bool:
    """Tell whether a file is a relocatable ELF object."""
    with path.open("rb") as stream:
        head = stream.read(18)
    return head[:4] == b"\x7fELF" and int.from_bytes(head[16:18], "little") == _ET_REL


def take_libraries(path: Path) -> list[str]:
    """Remove the list of needed libraries from a module's object, and return it."""
    with tempfile.TemporaryDirectory() as folder:
        dumped = Path(folder, "libraries")
        section = [f"--dump-section={LIBRARIES}={dumped}", f"--remove-section={LIBRARIES}"]
        subprocess.run(["objcopy", *section, str(path)], check=True)
        return dumped.read_text().split("\n")[:-1]
