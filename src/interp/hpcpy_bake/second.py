"""Writes the second bundle, of all that lies in site-packages beside the image's own."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from _hpcpy_baked import Baked
from bundle.about import describe
from bundle.tree import Folder, scan
from bundle.write import write_bundle
from hpcpy_bake import installed, libraries
from hpcpy_bake.elf import ElfError, Library
from hpcpy_bake.errors import BakeError
from hpcpy_bake.moves import Moves
from hpcpy_bake.pack import fits, pack
from hpcpy_info import check

_NAME = "modules.bundle"
# What the bundle's builder looks at.
_SEEN = (".py", ".so", "/METADATA", "/RECORD")
_OPEN = "import _hpcpy_bundle, sys; _hpcpy_bundle.load(sys.argv[1])"


class Second:
    """A second bundle in the making.

    Parameters
    ----------
    library
        The standard library's folder.
    stage
        A folder on the same file system, for what goes nowhere else.
    """

    def __init__(self, library: Path, stage: Path) -> None:
        self.library = library
        self.site = library / "site-packages"
        self.folder = stage / "baked"
        self.view = stage / "view"
        self.folder.mkdir()
        self.view.mkdir()
        self.notes: list[str] = []
        self.packed: dict[str, tuple[str, str]] = {}
        self.libraries: dict[str, list[str]] = {}
        self.packs: dict[str, int] = {}

    def write(
        self,
        found: Mapping[str, Distribution],
        ready: Mapping[Path, bytes],
        epoch: int,
        sources: Mapping[str, Any],
    ) -> None:
        """Make packs and bundle.

        Parameters
        ----------
        found
            The distributions, by name.
        ready
            Compiled code by the file's final path.
        epoch
            The time of site-packages.
        sources
            What `--lock` tells of each.
        """
        folders = self._scan(found)
        if platform.machine() == "x86_64":
            for name, one in {**installed.own_needed_by(found.values()), **found}.items():
                self._pack(name, self._shared(one))
        top_level = next(f.entries for f in folders if f.path == self.view)
        about = describe(self.view, top_level, [], {})
        root = Folder(self.library, str(self.library), is_open=False)
        at_view = {self.view / file.relative_to(self.site): code for file, code in ready.items()}
        for folder in folders:
            folder.ready = at_view
        data = write_bundle(
            [str(self.library), str(self.site)],
            [root, *folders],
            {**about, "sources": dict(sources)},
            more={
                "epoch": epoch,
                "packed": self.packed,
                "libraries": self.libraries,
                "distributions": {
                    installed.folder_name(one): list(installed.top_level(one))
                    for one in found.values()
                },
            },
        )
        self._check(data)
        (self.folder / _NAME).write_bytes(data)

    def _check(self, data: bytes) -> None:
        check(Baked(memoryview(data), str(self.library)))

    def place(self, bundle: Path, moves: Moves) -> None:
        """Put them where they are used; the bundle itself comes last.

        Parameters
        ----------
        bundle
            Its path.
        moves
            Undone when something goes wrong.
        """
        folder = bundle.parent
        self.folder.chmod(0o755)
        for file in self.folder.iterdir():
            file.chmod(0o644)
        if not folder.exists():
            moves.rename(self.folder, folder)
            return
        there = {file.name for file in folder.iterdir()}
        for name in self.packs:
            if name not in there:
                moves.rename(self.folder / name, folder / name)
        (self.folder / _NAME).replace(bundle)
        for name in there - {_NAME, *self.packs}:
            (folder / name).unlink(missing_ok=True)

    def _scan(self, found: Mapping[str, Distribution]) -> list[Folder]:
        for one in found.values():
            for name in installed.files(one):
                target = self.site / name
                place = self.view / name
                wanted = name.endswith(_SEEN) and not name.startswith("..")
                if wanted and target.is_file():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.symlink_to(target)
        try:
            return scan(self.view, str(self.site), is_open=True)
        except ValueError as error:
            said = str(error).replace(str(self.view), str(self.site))
            raise BakeError(f"{said}; use it from a virtual environment") from None

    def _shared(self, one: Distribution) -> list[tuple[str, Path]]:
        return [
            (Path(file).name.removesuffix(suffix), self.site / file)
            for file in installed.files(one)
            if (suffix := _extension_suffix(file)) and (self.site / file).is_file()
        ]

    def _pack(self, distribution: str, modules: Iterable[tuple[str, Path]]) -> None:
        groups: dict[tuple[str, ...], list[tuple[Library, str, Path]]] = {}
        for name, file in modules:
            try:
                module = libraries.library(file)
                if not any(one.name == f"PyInit_{name}" for one in module.symbols):
                    continue  # no module, and opened by its path by somebody
                needed = libraries.needed(module)
                why = fits(module, f"PyInit_{name}")
            except ElfError as error:
                self.notes.append(f"stays a file of its own: {error}")
                continue
            if why:
                self.notes.append(f"stays a file of its own: {file.name}: {why}")
                self.libraries[self._key(file)] = libraries.opened_first(module)
                continue
            # What one module alone needs is opened for those that need it.
            vendored = sorted(str(p) for p in needed.values() if p and self.site in p.parents)
            groups.setdefault(tuple(vendored), []).append((module, name, file))
        for group in groups.values():
            if len(group) > 1:
                self._pack_group(distribution, group)
                continue
            # A copy of one would open as many files: polars' is 140 MB.
            module, _, file = group[0]
            self.libraries[self._key(file)] = libraries.opened_first(module)

    def _key(self, file: Path) -> str:
        return str(file).removeprefix(str(self.library))

    def _pack_group(self, distribution: str, group: list[tuple[Library, str, Path]]) -> None:
        names = [
            ".".join([*file.relative_to(self.site).parent.parts, name]) for _, name, file in group
        ]
        called = {
            name: libraries.call(name, path)
            for module, _, _ in group
            for name, path in libraries.needed(module).items()
        }
        made = pack(
            [(m, f"PyInit_{n}", s) for (m, n, _), s in zip(group, names, strict=True)],
            libraries.global_names(),
            called,
        )
        name = f"{distribution}-{hashlib.sha256(made).hexdigest()[:12]}.so"
        (self.folder / name).write_bytes(made)
        why = _does_not_open(self.folder / name)
        if why:
            (self.folder / name).unlink()
            self.notes.append(f"{len(group)} modules of {distribution} stay files: {why}")
            for module, _, file in group:
                self.libraries[self._key(file)] = libraries.opened_first(module)
            return
        self.packs[name] = len(group)
        for (_, _, file), module_name in zip(group, names, strict=True):
            self.packed[self._key(file)] = name, module_name


def _extension_suffix(file: str) -> str:
    return next((suffix for suffix in EXTENSION_SUFFIXES if file.endswith(suffix)), "")


def _does_not_open(pack: Path) -> str:
    # In a process of its own: constructors run.
    done = subprocess.run(
        [sys.executable, "-I", "-c", _OPEN, str(pack)],
        env={name: value for name, value in os.environ.items() if not name.startswith("HPCPY")},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stderr.strip().splitlines() or ["it said nothing"])[-1] if done.returncode else ""
