"""What a launch names, as far as it can be checked before: its image, its program."""

from __future__ import annotations

import stat
import struct
from collections.abc import Sequence
from pathlib import Path

from hpcpy.core import paths
from hpcpy.engine.sif_header import missing
from hpcpy.launch.options import CONTAINERS, Request, is_uri
from hpcpy_common.errors import UsageError, suggestion
from workloads.registry import TOOLS, WORKLOADS

# The files that Apptainer runs, SIF, squashfs and ext3: offset and bytes of the magic number.
_MAGIC = ((32, b"SIF_MAGIC\0"), (0, b"hsqs"), (1080, b"\x53\xef"))
_HEAD = 2048
_ELF = b"\x7fELF"
# Of an ELF file: where its table of sections is, the size of an entry, and how many there are.
# The names of sections stand before the table, and the table is the end of the one file.
_SECTIONS = struct.Struct("<40xQ10xHH")
_OWN_SECTION = b"\0.hpcpy_files\0"
_CLOSED = "permission denied"
_EXAMPLE = "registry.example.org/me/hpcpy:1"
# Mounted at the same place they take that of the image's.
_HIDING = ("/", "/opt", "/opt/hpcpy", "/usr", "/etc", "/bin", "/lib", "/lib64")


def absolute(given: str, engine: str) -> str:
    """Return an image's name as it works in any folder: a file by absolute path."""
    is_file = engine == "standalone" or (engine == "apptainer" and not is_uri(given))
    return str(paths.settled(Path(given))) if is_file else given


def named_image(request: Request) -> str:
    """Return the image that a request names as it works in any folder; empty if it names none."""
    if request.engine == "none":
        return request.image or "python3"
    return absolute(request.image, request.engine) if request.image else ""


def working_folder(engine: str) -> str:
    """Return the working directory, which ranks have at the same place."""
    try:
        folder = str(Path.cwd())
    except OSError as error:
        raise UsageError("the working directory is gone", hint="cd to one that is there") from error
    if engine in CONTAINERS and folder in _HIDING:
        what = f"{folder}: the ranks' working directory would hide the image's own"
        raise UsageError(what, hint="cd to a folder of yours")
    return folder


def require_workload(words: Sequence[str]) -> None:
    """Refuse a workload that this checkout's images lack, before a build or a queue."""
    name, known = words[0], (*WORKLOADS, *TOOLS)
    if name not in known and not name.startswith("-"):
        raise UsageError(f"unknown workload {name!r}; {suggestion(name, known)}")


def check_image(given: str, engine: str, *, is_staged: bool, is_here: bool) -> str:
    """Refuse an image that the engine cannot take; return why one is not seen, unless `is_here`."""
    # A Python without a container is one of the nodes.
    if not given or engine == "none":
        return ""
    absent = ""
    if engine == "apptainer":
        wrong, absent = _not_for_apptainer(given, is_staged=is_staged)
        if absent and is_here and not wrong:
            wrong = f"{absent}; Apptainer takes a SIF, or docker://{_EXAMPLE}"
    elif engine == "standalone":
        absent, _, head = _inspect(Path(given))
        wrong = "" if absent else _not_standalone(Path(given), head)
        if absent and is_here:
            wrong = f"{absent}; a checkout's `make standalone` makes one"
    else:
        wrong = _no_reference(given, engine)
    if absent == _CLOSED:  # To the ranks, too, which are of the same user
        wrong = f"{absent}; its owner opens it, and its folders, for you: chmod a+rX"
    if wrong:
        raise UsageError(f"IMAGE={given}: {wrong}")
    return absent


def _not_for_apptainer(given: str, *, is_staged: bool) -> tuple[str, str]:
    """Return what is wrong for sure, and why a file cannot be seen."""
    if is_uri(given):
        return ("STAGE=1 copies a file, and this is none" if is_staged else ""), ""
    path = Path(given)
    absent, is_folder, head = _inspect(path)
    if absent:
        is_name = ":" in given and not given.startswith(("/", ".", "~"))
        reference = given.removeprefix("docker:")
        return (f"{absent}; a registry's is docker://{reference}" if is_name else ""), absent
    if is_folder:
        is_sandbox = _inspect(path / ".singularity.d")[1]
        return ("" if is_sandbox and not is_staged else "is a folder; name a SIF"), ""
    sif, *others = (head[at:].startswith(magic) for at, magic in _MAGIC)
    if sif:
        return missing(path), ""
    is_elf = head.startswith(_ELF)
    hint = "ENGINE=standalone runs hpcpy-python" if is_elf else "a checkout makes a SIF: make sif"
    return ("" if any(others) else f"is nothing that Apptainer runs; {hint}"), ""


def is_program(given: str) -> bool:
    """Return whether there is a program of that path, as the standalone file is."""
    return _inspect(Path(given))[2].startswith(_ELF)


def _not_standalone(path: Path, head: bytes) -> str:
    """Return why a file is not the one file, a whole one that can be run."""
    if head.startswith(_ELF):
        begin, size, number = _SECTIONS.unpack(head[: _SECTIONS.size].ljust(_SECTIONS.size, b"\0"))
        status, needed = path.stat(), begin + size * number
        if status.st_size < needed:
            return f"is cut short: {status.st_size} of {needed} bytes; copy it again"
        with path.open("rb") as stream:
            stream.seek(max(0, begin - _HEAD))
            if _OWN_SECTION in stream.read(_HEAD):
                return "" if status.st_mode & 0o111 else "cannot be executed; chmod a+rx"
    return "is no file of `make standalone`"


def _no_reference(given: str, engine: str) -> str:
    """Return what is wrong: the engine itself knows the spellings of its references."""
    if is_uri(given):
        is_other = engine == "shifter" and "://" in given
        return f"shifter takes a reference such as docker:{_EXAMPLE}" if is_other else ""
    absent, is_folder, _ = _inspect(Path(given)) if "/" in given else ("no path", False, b"")
    if given.endswith((".sif", ".tar")) or not (absent or is_folder):
        example = f"docker:{_EXAMPLE}" if engine == "shifter" else _EXAMPLE
        return f"is a file; {engine} takes a reference such as {example}"
    return ""


def _inspect(path: Path) -> tuple[str, bool, bytes]:
    """Return why there is no such file, whether it is a folder, and how it begins."""
    try:
        # `Path.is_file` says no to a closed folder as of Python 3.14, and raises before.
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            return ("", True, b"") if stat.S_ISDIR(mode) else ("is no plain file", False, b"")
        with path.open("rb") as stream:
            return "", False, stream.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return "no such file", False, b""
    except PermissionError:
        return _CLOSED, False, b""
    except OSError as error:
        return (error.strerror or "cannot be read").lower(), False, b""


def check_script(request: Request, place: str) -> list[str]:
    """Refuse a script that is not there; return a remark where it may be elsewhere."""
    program = Path(request.program[0])
    if str(program) == "-m":
        return []
    absent, is_folder, _ = _inspect(program)
    if is_folder and _inspect(program / "__main__.py")[0]:
        absent = "is a folder without __main__.py"
    # With an absolute path it may lie in the image, or on the nodes alone.
    if absent and not (request.dry or program.is_absolute()):
        hint = "give its path from here, or an absolute one"
        raise UsageError(f"PROGRAM={program}: {absent}", hint=hint)
    return [f"PROGRAM={program}: {absent} {place}"] if absent else []
