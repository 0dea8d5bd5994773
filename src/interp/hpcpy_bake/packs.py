"""Which extension modules go together into a pack, and the packs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution
from pathlib import Path

from hpcpy_bake import installed, libraries
from hpcpy_bake.elf import ElfError, Library
from hpcpy_bake.fits import fits
from hpcpy_bake.groups import Group
from hpcpy_bake.pack import pack
from hpcpy_bake.vendored import Vendored, takes_from

_OPEN = "import _hpcpy_bundle, sys; _hpcpy_bundle.load(sys.argv[1])"
# Where auditwheel puts what a wheel brings.
_VENDORED = ".libs"
_OPENS = b"CDLL", b"LoadLibrary", b"dlopen"
# Nobody runs these but who tests the package where it was built.
_TESTS = frozenset({"test", "tests"})
# Distributions with less than that share a pack: opening it costs what its
# modules' relocations cost, imported or not.
_SMALL = 8 << 20
_SHARED = "small"


class Packs:
    """The packs of a second bundle.

    Parameters
    ----------
    library
        The standard library's folder.
    folder
        Where they are written.

    Attributes
    ----------
    packed
        Pack and name in it, by the module's path below the library's folder.
    libraries
        What is opened before a module that stays a file, by the same.
    made
        How many modules each pack has, by its name.
    notes
        What stays a file, and why.
    """

    def __init__(self, library: Path, folder: Path) -> None:
        self.packed: dict[str, tuple[str, str]] = {}
        self.libraries: dict[str, list[str]] = {}
        self.made: dict[str, int] = {}
        self.notes: list[str] = []
        self._library = library
        self._site = library / "site-packages"
        self._folder = folder
        self._groups: dict[tuple[str, tuple[Path, ...]], Group] = {}
        # Who needs a library: groups, and files that are opened as they are.
        self._users: dict[Path, set[object]] = {}

    def make(self, found: Mapping[str, Distribution]) -> None:
        """Pack the modules of distributions, given by their names."""
        for name, one in found.items():
            modules = list(self._shared(one))
            is_small = sum(file.stat().st_size for _, file in modules) < _SMALL
            for module, file in modules:
                try:
                    self._sort(name, _SHARED if is_small else name, module, file)
                except ElfError as error:
                    self.notes.append(f"stays a file of its own: {error}")
        groups = self._together(list(self._groups.values()), found)
        for group in groups:
            vendored = self._vendored(group, found)
            if len(group.modules) == 1 and not vendored.inside:
                # A copy of one would open as many files: polars' is 140 MB.
                self._stay(group)
            elif why := self._pack(group, vendored):
                # It may be one distribution's alone.
                parts = group.split()
                if len(parts) > 1:
                    groups += parts
                    continue
                self.notes.append(
                    f"{len(group.modules)} modules of {group.label} stay files: {why}"
                )
                self._stay(group)
        self.notes = list(dict.fromkeys(self.notes))

    def _together(self, groups: list[Group], found: Mapping[str, Distribution]) -> list[Group]:
        # With what goes into their packs, some need the same as others do.
        alike: dict[tuple[str, frozenset[Path]], list[Group]] = {}
        for group in groups:
            inside = {one.path for one in self._vendored(group, found).inside}
            alike.setdefault((group.label, frozenset({*group.needs} - inside)), []).append(group)
        result = []
        for (_, rest), some in alike.items():
            one = Group.joined(some)
            is_one = len(self._vendored(one, found).inside) == len(one.needs) - len(rest)
            result += [one] if is_one else some
        return result

    def _shared(self, one: Distribution) -> Iterator[tuple[str, Path]]:
        for name in installed.files(one):
            file = self._site / name
            suffix = next((suffix for suffix in EXTENSION_SUFFIXES if name.endswith(suffix)), "")
            if suffix and file.is_file() and not file.parent.name.endswith(_VENDORED):
                yield file.name.removesuffix(suffix), file

    def _sort(self, distribution: str, label: str, name: str, file: Path) -> None:
        module = libraries.library(file)
        init = f"PyInit_{name}"
        user: object = file
        if not any(one.name == init for one in module.symbols):
            # No module, and opened by its path by somebody.
            with suppress(ElfError):
                self._note_use(self._needs(module), user)
            return
        needs = self._needs(module)
        why = fits(module, init) or takes_from(module)
        if why:
            self.notes.append(f"stays a file of its own: {file.name}: {why}")
            self.libraries[self._key(file)] = libraries.opened_first(module)
        else:
            # What one module alone needs is opened for those that need it.
            key = user = label, needs
            group = self._groups.setdefault(key, Group(label, needs))
            group.add(distribution, (module, name, file))
        self._note_use(needs, user)

    def _needs(self, module: Library) -> tuple[Path, ...]:
        found = libraries.needed(module).values()
        return tuple(sorted(path for path in found if path and self._site in path.parents))

    def _note_use(self, needs: Collection[Path], user: object) -> None:
        for path in needs:
            self._users.setdefault(path, set()).add(user)

    def _vendored(self, group: Group, found: Mapping[str, Distribution]) -> Vendored:
        names = set(group.distributions) if group.needs else ()
        files = {
            (self._site / name).resolve() for one in names for name in installed.files(found[one])
        }
        alone = [
            path
            for path in group.needs
            if path.parent.name.endswith(_VENDORED)
            and path in files
            and len(self._users[path]) == 1
        ]
        if alone and (by := _opener(files, alone)) is not None:
            owners = ", ".join(sorted(set(group.distributions)))
            self.notes.append(f"libraries of {owners} stay files: {by} looks for them")
            alone = []
        made = Vendored([one for one, _, _ in group.modules], map(libraries.library, alone))
        self.notes += [
            f"stays a file of its own: {name}: {why}" for name, why in made.notes.items()
        ]
        return made

    def _key(self, file: Path) -> str:
        return str(file).removeprefix(str(self._library))

    def _stay(self, group: Group) -> None:
        for module, _, file in group.modules:
            self.libraries[self._key(file)] = libraries.opened_first(module)

    def _pack(self, group: Group, vendored: Vendored) -> str:
        # Returns why it does not work.
        names = [
            ".".join([*file.relative_to(self._site).parent.parts, name])
            for _, name, file in group.modules
        ]
        called = {
            name: libraries.call(name, path)
            for module, _, _ in group.modules
            for name, path in libraries.needed(module, vendored.inside).items()
        }
        made = pack(
            [(m, f"PyInit_{n}", s) for (m, n, _), s in zip(group.modules, names, strict=True)],
            libraries.global_names(),
            called,
            vendored.inside,
            vendored.links,
        )
        name = f"{group.label}-{hashlib.sha256(made).hexdigest()[:12]}.so"
        (self._folder / name).write_bytes(made)
        why = _does_not_open(self._folder / name)
        if why:
            (self._folder / name).unlink()
            return why
        self.made[name] = len(names)
        for (_, _, file), module_name in zip(group.modules, names, strict=True):
            self.packed[self._key(file)] = name, module_name
        return ""


def _opener(files: Collection[Path], wanted: Collection[Path]) -> str | None:
    # Their names have a hash: who opens one by ctypes looks for it in the folder.
    names = tuple(path.name.partition("-")[0].encode() for path in wanted)
    sources = (file for file in files if file.suffix == ".py" and _TESTS.isdisjoint(file.parts))
    for file in sorted(sources):
        with suppress(OSError):
            text = file.read_bytes()
            opens = any(call in text for call in _OPENS)
            if _VENDORED.encode() in text or (opens and any(name in text for name in names)):
                return file.name
    return None


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
