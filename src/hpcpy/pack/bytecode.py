"""Bytecode that an environment lacks, compiled for its image: nothing can be kept in there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from hpcpy.core.files import is_folder
from hpcpy.core.programs import captured
from hpcpy.core.stages import Stage, say
from hpcpy.pack.environment import Environment, at_its_place
from hpcpy.pack.hot import python_in
from hpcpy.pack.image import give_group
from hpcpy.pack.programs import mksquashfs
from hpcpy_common.errors import UnavailableError
from hpcpy_common.programs import ended

# The environment's own Python compiles what it would compile at each start: files without valid
# bytecode in folders that it imports from. What it has compiled before changes bytes of the next,
# so each process has the same files, on however many cores. As Python writes it, bytecode has its
# source's time: a later change is noticed, in a folder that --undo or --update has unpacked, too.
_COMPILE = """
import marshal, os, struct, sys
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER, cache_from_source

class Loader(SourceFileLoader):
    code = None
    def source_to_code(self, *words, **options):
        self.code = SourceFileLoader.source_to_code(self, *words, **options)
        return self.code

def compile_one(name, path):
    loader = Loader("one", path)
    try:
        loader.get_code("one")
    except Exception:
        open(name, "wb").close()  # another Python's, or none: templates, tests
    if loader.code:
        status = os.stat(path)
        times = struct.pack("<III", 0, status.st_mtime_ns // 10**9 & 0xFFFFFFFF, status.st_size)
        with open(name + ".unfinished", "wb") as file:
            file.write(MAGIC_NUMBER + times + marshal.dumps(loader.code))
        os.rename(name + ".unfinished", name)

if sys.version_info < (3, 7):
    sys.exit("Python 3.7 or newer is needed")
at_once, *inside = sys.argv[1:]
files, seen = [], set()
for top in map(os.path.realpath, sys.path):
    for folder, folders, names in os.walk(top, followlinks=True):
        folder = os.path.realpath(folder)
        is_inside = any((folder + "/").startswith(place + "/") for place in inside)
        if folder in seen or not is_inside or not folder.isprintable():
            folders.clear()
            continue
        seen.add(folder)
        folders[:] = filter(str.isidentifier, folders)
        names = (name for name in names if name.endswith(".py") and name[:-3].isidentifier())
        files += (folder + "/" + name for name in names)
files.sort()
with open("files", "w", encoding="utf-8") as file:
    file.writelines(cache_from_source(path) + "\\n" for path in files)
running = killed = 0
for begin in range(0, len(files), 100):
    if running == int(at_once):
        killed += os.wait()[1] != 0
        running -= 1
    running += 1
    if not os.fork():
        for number, path in enumerate(files[begin : begin + 100], begin):
            compile_one(str(number), path)
        os._exit(0)
killed += sum(os.wait()[1] != 0 for _ in range(running))
sys.exit("%d of its processes were killed" % killed if killed else 0)
"""


def compiled(environment: Environment, folder: Path, current: Stage) -> list[str | Path]:
    """Compile into a folder what has no valid bytecode; return mksquashfs's words to add it."""
    python = environment.prefix / "bin" / python_in(environment.source)
    if not os.path.exists(environment.source / "bin" / python.name):
        return []
    folder.mkdir()
    try:
        mksquashfs(is_plain=False)
        why = _compile([*at_its_place(environment), python], environment, folder)
    except UnavailableError as error:
        why = str(error)
    if why:
        say(f"each start may compile Python files: {python}: {why}")
    if not (folder / "files").exists():
        return []
    names = (folder / "files").read_text(encoding="utf-8").split("\n")
    tried = [(Path(name), folder / str(number)) for number, name in enumerate(names)]
    tried = [(name, new) for name, new in tried if new.exists()]
    made = [(name, new) for name, new in tried if new.stat().st_size]
    current.note = f"{len(made):,} files"
    if failed := len(tried) - len(made):
        current.note += f", {failed:,} cannot be: no Python of this version"
    definitions: dict[Path, str] = {}
    replaced = []
    for name, new in made:
        # Where a folder lies in another, the last one is seen there.
        places = [*environment.folders.items()][::-1]
        place, tree = next(each for each in places if name.is_relative_to(each[0]))
        cache = tree / name.relative_to(place)
        if os.path.lexists(cache):
            replaced.append(cache)
        definitions |= _definitions(cache, new, tree if len(places) == 1 else Path("/"))
    (folder / "added").write_text("".join(f"{line}\n" for line in definitions.values()))
    (folder / "replaced").write_text("".join(f"{path}\n" for path in replaced))
    return ["-pf", folder / "added", "-ef", folder / "replaced"]


def _definitions(cache: Path, new: Path, top: Path) -> dict[Path, str]:
    """Return the pseudo files, by their paths, that make an image's file of bytecode of another."""
    parent, definitions = cache.parent, {}
    if not os.path.lexists(parent):
        status = parent.parent.stat()
        time, mode = int(status.st_mtime) & 0xFFFFFFFF, stat.S_IMODE(status.st_mode)
        kind = f"D {time} {mode:o} {status.st_uid} {status.st_gid}"
        definitions[parent] = f"{_quoted(parent.relative_to(top))} {kind}"
    elif not is_folder(parent):
        return {}
    status = (parent.parent / f"{cache.name.partition('.')[0]}.py").stat()
    os.utime(new, ns=(status.st_mtime_ns, status.st_mtime_ns))
    new.chmod(status.st_mode & 0o666)
    give_group(new, status.st_gid)
    definitions[cache] = f"{_quoted(cache.relative_to(top))} l {_quoted(new)}"
    return definitions


def _quoted(path: Path) -> str:
    """Return a path as mksquashfs reads it among other words."""
    return '"' + re.sub(r'(["\\])', r"\\\1", str(path)) + '"'


def _compile(python: Sequence[str | Path], environment: Environment, folder: Path) -> str:
    """Let a Python compile; return why it did not do all of it."""
    # Nothing of its user's, and no bytecode beside the sources.
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    env["PYTHONHASHSEED"] = "0"
    words = [*python, "-B", "-s", "-W", "ignore", "-c", _COMPILE]
    places = [str(place) for place in environment.folders]
    done = captured([*words, str(len(os.sched_getaffinity(0))), *places], cwd=folder, env=env)
    if not done.returncode:
        return ""
    return [ended(done.returncode), *done.stderr.strip().splitlines()][-1]
