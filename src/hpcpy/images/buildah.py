"""buildah with a storage of ours, its build steps without a network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import disk_errors, make_folder
from hpcpy.core.programs import captured
from hpcpy.core.scratch import used
from hpcpy.core.stages import Stage
from hpcpy.core.trust import require_own
from hpcpy.engine.emulation import is_inside
from hpcpy.engine.setup import ensure
from hpcpy.engine.tools import Version
from hpcpy.images.cached import is_unused, note_use
from hpcpy_common.errors import UnavailableError

# The first that keeps a mount's flags in a user namespace (buildah's pull request 5083).
_KEEPS_FLAGS = Version((1, 33))
# Images of a name in the storage, 1.4 GB each: a change is often taken back.
_KEPT = 2
# An image and its base as one layer.  Separate ones would differ: the kernel's overlay tells
# root's buildah which folders a step has touched; a user's buildah compares files, and
# leaves those folders out.
SQUASH = "--squash"


@dataclass(frozen=True)
class Buildah:
    """Runs buildah; make it with `buildah()`."""

    program: Path  # The executable
    storage: Path  # The folder of its images
    env: dict[str, str]  # Variables that choose storage and configuration

    def online(self, *arguments: str | Path) -> list[str]:
        """Return a command that needs no isolation: one that runs no step."""
        folders = ("--root", self.storage, "--runroot", self.storage / "run")
        return [str(word) for word in (self.program, *folders, *arguments)]

    def offline(self, *arguments: str | Path) -> list[str]:
        """Return a command whose steps see no network but an idle loopback."""
        # buildah refuses its --network=none with chroot isolation, which is what works in
        # containers and without cgroups.  A user's namespace has to be made inside buildah's.
        command = ["unshare", "--net", *self.online(*arguments)]
        if os.geteuid() != 0:
            return [str(self.program), "unshare", "--", *command]
        return command

    def build(
        self,
        stage: Stage,
        tag: str,
        context: Path,
        epoch: int,
        *,
        options: Sequence[str] = (),
        **args: str,
    ) -> None:
        """Build the Containerfile of a context as image `tag`; `options` are buildah's."""
        given = [f"--build-arg={name}={value}" for name, value in args.items()]
        fixed = ("--isolation=chroot", "--pull=never", f"--timestamp={epoch}", f"--tag={tag}")
        # The label of buildah's version: other bytes for the same files.
        words = (*fixed, "--identity-label=false", *options, *given)
        stage.run(self.offline("build", *words, context), env=self.env)
        note_use(self._used(tag))

    def has(self, tag: str) -> bool:
        """Tell whether the storage holds an image `tag`, which is then used."""
        is_there = self._quiet("inspect", "--type=image", tag) == 0
        if is_there:
            note_use(self._used(tag))
        return is_there

    def _used(self, tag: str) -> Path:
        return self.storage / "last-use" / tag.replace("/", "_")

    def last_use(self, tag: str) -> float:
        """Return the time of an image's last use; 0 if none is known."""
        return self._used(tag).stat().st_mtime if self._used(tag).exists() else 0

    def tidy(self) -> None:
        """Remove the containers of killed builds, and images that no build will ask for."""
        self.remove_container()
        seen: list[str] = []
        for tag in sorted(self.tags(), key=self.last_use, reverse=True):
            seen.append(tag.rpartition(":")[0])
            if seen.count(seen[-1]) > _KEPT or is_unused(self.last_use(tag)):
                self.remove(tag)
                self._used(tag).unlink(missing_ok=True)

    def tags(self) -> list[str]:
        """Return the names of all images."""
        command = self.online("images", "--format={{.Name}}:{{.Tag}}")
        return captured(command, env={**os.environ, **self.env}).stdout.split()

    def remove(self, tag: str) -> None:
        """Drop an image from the storage, unless a build uses it; no error if it is not there."""
        self._quiet("rmi", tag)

    def remove_container(self, name: str = "--all") -> None:
        """Remove a container, or all, from the storage, with what is mounted of them."""
        self._quiet("rm", name)

    def _quiet(self, *arguments: str) -> int:
        return captured(self.online(*arguments), env={**os.environ, **self.env}).returncode


def require_bindable(folder: Path, version: Version | None) -> None:
    """Refuse a folder from which a user's old buildah cannot bind, as it drops nosuid and nodev."""
    flags = os.statvfs(folder).f_flag
    if version and version < _KEEPS_FLAGS and flags & (os.ST_NOSUID | os.ST_NODEV):
        raise UnavailableError(
            f"{folder}: its file system is mounted nosuid or nodev, and an ordinary user's"
            f" buildah {version} cannot bind from there",
            hint="use a checkout on another one (findmnt lists them), or build as root",
        )


@contextlib.contextmanager
def buildah() -> Iterator[Buildah]:
    """Give buildah, providing it when the machine has none; killed builds' containers go first."""
    # Under the cache: the user's own images stay as they are, and an empty cache is an empty
    # storage.  In a user namespace, overlay marks what is removed in another way, and buildah
    # has to be told.
    name, env = "storage", {}
    if is_inside():
        name, env = "storage-emulated", {"_CONTAINERS_USERNS_CONFIGURED": "done"}
    storage = paths.cache_dir() / name
    require_own(storage)
    engine = ensure("build")
    if os.geteuid() != 0:
        make_folder(paths.BUILD)
        require_bindable(paths.BUILD, engine["buildah"].version)
    # As buildah makes it: with any umask nobody else can change what is in it.
    with disk_errors(storage):
        make_folder(storage.parent)
        storage.mkdir(0o700, exist_ok=True)
    builder = Buildah(engine["buildah"].path, storage, env)
    with used(storage, builder.tidy):
        yield builder
