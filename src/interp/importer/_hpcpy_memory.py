"""The bundle: all modules in memory, as the build or a bake has written them.

src/interp/bundle/write.py has its format.  This module is frozen into the interpreter, with
the same limits as `_hpcpy_folders`.
"""

import _thread
import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER

from _hpcpy_folders import PathEntryFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType
    from typing import Any

MAGIC = b"hpcpy 4\n"
# The tail has the offset of the index; its end is the digest of all before.
TAIL_SIZE = 64
DIGEST_SIZE = 32
# Size of the number before each value, which says how many bytes the value has.
SIZE_BYTES = 4
# The second bundle's path, below the library's folder.
BAKED = "/hpcpy_baked/modules.bundle"
# The modules of both bundles that are being imported, each with its thread.
_begun: "list[tuple[int, str]]" = []


def _initializing(fullname: str) -> ModuleSpec | None:
    """Return the spec of a module that is being executed."""
    spec: ModuleSpec | None = getattr(sys.modules.get(fullname), "__spec__", None)
    return spec if getattr(spec, "_initializing", False) else None


def _nothing(_: int) -> None:
    # The default of `laid_out`, which the feature code_image replaces.
    return None


class Files:
    """The library's files, where the executable has them: recipes/standalone/files.py.

    `_hpcpy_files` has what else is done with them.  They are read here, since with -O each
    module is compiled from its source, also those that `_hpcpy_files` imports.
    """

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.digest = data[16:24].hex()
        self._index: dict[str, tuple[int, list[int]]] | None = None

    @property
    def index(self) -> "dict[str, tuple[int, list[int]]]":
        """Each file's size, and where its pieces are, by the path that it has in an image."""
        if self._index is None:
            self._index = _value(self._data, int.from_bytes(self._data[8:16], "little"))
        return self._index

    def pieces(self, path: str) -> "Iterator[bytes]":
        """Yield a file's content; FileNotFoundError if the executable lacks it."""
        if path not in self.index:
            import errno  # noqa: PLC0415

            raise FileNotFoundError(errno.ENOENT, posix.strerror(errno.ENOENT), path)
        return (_value(self._data, offset) for offset in self.index[path][1])

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return b"".join(self.pieces(path))


def _value(data: memoryview, offset: int) -> "Any":
    # Only the value's own bytes: Python copies them for an audit hook.
    size = int.from_bytes(data[offset - SIZE_BYTES : offset], "little")
    return Bundle.loads(data[offset : offset + size])


class Bundle:
    """The bundle's bytes, and the standard library's folder, to which its paths are relative."""

    # The interpreter sets its own function, which also takes compressed values: values.c.
    loads: "Callable[[memoryview], Any]" = marshal.loads
    # The library's files, if they are in the executable, too.
    files: "Files | None" = None
    # There, the folder that stands for the library's where packages' files are placed.
    placed = ""

    def __init__(self, data: memoryview, library: str) -> None:
        tail = data[-TAIL_SIZE:]
        if tail[:8] != MAGIC or tail[8:12] != MAGIC_NUMBER:
            raise ImportError("hpcpy: the modules in memory are not those of this Python")
        self.data = data
        self.laid_out: Callable[[int], CodeType | None] = _nothing
        self._library = library
        self._index = self.load(int.from_bytes(tail[16:24], "little"))
        self._folders: dict[str, PathEntryFinder] = {}
        self.epoch: int | None = self._index["epoch"]
        self.hooks: dict[str, Any] = self._index["hooks"]
        self.roots = [self.folder(library + path) for path in self._index["roots"]]
        self._added: Bundle | None = None
        self._looked = False
        # Two threads must not make two second bundles.
        self._looking = _thread.RLock()

    def load(self, offset: int) -> "Any":
        """Unmarshal what lies at an offset."""
        return _value(self.data, offset)

    def code(self, offset: int) -> "CodeType":
        """Return the code of the module whose marshalled code is there."""
        code: CodeType = self.laid_out(offset) or self.load(offset)
        return code

    @property
    def library(self) -> str:
        """The standard library's folder."""
        return self._library

    @property
    def about(self) -> "Any":
        """What `python -m hpcpy_info` prints; ordinary imports do not read it."""
        return self.load(self._index["about"])

    @property
    def added(self) -> "Bundle | None":
        """The second bundle, of packages that were baked later; opened at the first use."""
        if not self._looked:
            with self._looking:
                if not self._looked:
                    self._added = _added(self)
                    self._looked = True
        return self._added

    def begins(self, fullname: str) -> None:
        """Note that a module of the bundle is about to be executed."""
        try:
            while _initializing(_begun[-1][1]) is None:
                _begun.pop()
        except IndexError:  # there is none left, perhaps since another thread has taken it
            pass
        _begun.append((_thread.get_ident(), fullname))

    def importing(self) -> ModuleSpec | None:
        """Return the first module of the bundle that this thread is executing for an import."""
        thread = _thread.get_ident()
        # What `site` imports is named by .pth files, and by a sitecustomize.
        names = (name for each, name in _begun if each == thread and name != "site")
        return next(filter(None, map(_initializing, names)), None)

    def add_nothing(self) -> None:
        """Let there be no second bundle."""
        self._added, self._looked = None, True

    def below(self, path: str) -> str | None:
        """Return a path without the library's folder; None for another's."""
        for home in (self._library, self.placed):
            if home and str(path).startswith(home):  # it may be a pathlib.Path
                return str(path)[len(home) :]
        return None

    def folder(self, path: str) -> PathEntryFinder:
        """Return the finder of a folder: a path hook, with an ImportError for others."""
        finder = self._folders.get(path)
        if finder is None:
            offset = self._index["folders"].get(self.below(path))
            if offset is None:
                raise ImportError("not a folder of the bundle", path=path)
            finder = self._folders[path] = PathEntryFinder(self, path, offset)
        return finder

    def find_in(self, path: str, fullname: str) -> ModuleSpec | None:
        """Find a module in one folder, if this bundle knows that folder."""
        known = path[len(self._library) :] in self._index["folders"]
        return self.folder(path).bundled(fullname) if known else None

    def has_source(self, path: str) -> bool:
        """Say whether a path is that of a module's source, as `__file__` spells it."""
        home, _, file = path.rpartition("/")
        if not file.endswith(".py"):
            return False
        try:
            entry = self.folder(home).bundled(file[:-3])
        except ImportError:
            return False
        return entry is not None and entry.origin == path

    def folders(self) -> "Iterator[PathEntryFinder]":
        """Yield the finders of all its folders."""
        return (self.folder(self._library + path) for path in self._index["folders"])


def _added(bundle: Bundle) -> Bundle | None:
    site = bundle.roots[-1]
    if bundle.files:
        site.take_as_complete(())
        return None
    try:
        time = posix.stat(site.path).st_mtime
        if time == bundle.epoch:
            site.take_as_complete(())
            return None
        if not bundle.hooks["added"]:
            return None
        file = posix.open(bundle.library + BAKED, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return None
    try:
        import mmap  # noqa: PLC0415

        data = memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ))
    finally:
        posix.close(file)
    added: Bundle = __import__(bundle.hooks["added"]).start(data, bundle, time)
    return added
