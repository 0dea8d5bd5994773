"""What every image and part is made of, and the key that names it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property

from hpcpy.core import paths
from hpcpy.core.paths import project_version
from hpcpy.images import cross, own_command, rootfs
from hpcpy.images import sbom_pins as sbom
from hpcpy.images.cached import Inputs, files_of_clone
from hpcpy.images.graph import STACK, Graph, Image, Part, the_graph
from hpcpy.pins.debian import debs, snapshot_epoch, source_package
from hpcpy.pins.model import Artifact, host_arch, known_arch, sources, wheels

# What libraries consist of, but no program and nothing that the machine's packages have too.
_LIBRARY = re.compile(r"(lib.*(?<!-bin)|zlib1g(-dev)?|uuid-dev|linux-libc-dev)_[^_]*_(?!all).*")


@dataclass(frozen=True)
class Plan:
    """Names for results, computed from pins and files alone."""

    graph: Graph  # Images and parts
    arch: str  # Architecture of what is built, as the kernel names it
    epoch: int  # Seconds since 1970: the time of every file of a build
    # Where another architecture than this machine's is built for: the plan for its own.
    native: Plan | None = None
    # Each key once: every part asks for the builder's.
    _keys: dict[object, str] = field(default_factory=dict, compare=False, repr=False)

    def again(self) -> Plan:
        """Return the plan of the files as they are by now."""
        return replace(self, _keys={}, native=self.native and self.native.again())

    def _once(self, what: object, key: Callable[[], str]) -> str:
        return self._keys.get(what) or self._keys.setdefault(what, key())

    @property
    def builder(self) -> tuple[Plan, Image]:
        """The image that parts are built in, and the plan that it belongs to."""
        if self.native is None:
            return self, self.graph.image("builder")
        return self.native, self.native.graph.image("cross")

    def time_of(self, image: Image) -> int:
        """Return the time of an image's files, in seconds since 1970."""
        # Later than that of an interpreter below it, which looks for baked packages only where
        # site-packages has changed since it was built.
        if not image.base:
            return self.epoch
        below = self.graph.image(image.base)
        return self.time_of(below) + bool(below.parts)

    def pins(self, part: Part) -> list[Artifact]:
        """Return the sources and wheels that a part's recipe reads."""
        installed = self.wheels(part, (*part.wheels, *part.unpacks))
        return [*self.sources_of(part), *installed, *self.tools(part)]

    def tools(self, part: Part) -> list[Artifact]:
        """Return the wheels that only a part's recipe runs, on this machine."""
        return (self.native or self).wheels(part, part.tools)

    def runs_python(self, part: Part) -> bool:
        """Tell whether a part's recipe finds CPython."""
        return any(need.name == cross.PYTHON for need in self.graph.needed(part))

    def debian_sets(self, part: Part) -> list[tuple[str, str]]:
        """Return the sets of Debian packages that a part's recipe reads, with architectures."""
        tools = (self.native or self).arch
        sets = ((part.debian, self.arch), (part.debian_tools, tools))
        return [(name, arch) for name, arch in sets if name]

    def sources_of(self, part: Part) -> list[Artifact]:
        """Return the sources that a part's recipe reads."""
        return [sources()[name] for name in part.sources]

    def wheels(self, part: Part, groups: Iterable[str]) -> list[Artifact]:
        """Return the wheels of some of a part's groups."""
        return [
            wheel
            for group in groups
            for wheel in wheels(part.stack if group == STACK else group, self.arch)
            if wheel.name not in part.without
            and any(fnmatchcase(wheel.name, pattern) for pattern in part.only)
        ]

    def debian(self, name: str) -> list[Artifact]:
        """Return the locked packages of a set of ``env/debian.toml``."""
        return debs(name, self.arch) if name else []

    def libraries(self, image: Image) -> list[Artifact]:
        """Return the packages by which an image's compilers link for another architecture."""
        if not image.target:
            return []
        every = (*debs("base", image.target), *debs("builder", image.target))
        return [deb for deb in every if _LIBRARY.fullmatch(deb.filename)]

    def archives(self) -> list[Artifact]:
        """Return the packages that only parts with `links` depend on, by their sources."""
        every = [*self.debian("base"), *self.debian("builder")]
        return [deb for deb in every if source_package(deb) in self._linked]

    @cached_property
    def _linked(self) -> set[str]:
        names = self.graph.image("builder").archives
        return {source_package(deb) for deb in self.debian("builder") if deb.name in names}

    def part_key(self, part: Part) -> str:
        """Return the key of a part: what it is compiled from and what it links."""
        return self._once(part, lambda: self._part_key(part))

    def _part_key(self, part: Part) -> str:
        if not part.links:
            return self._code_key(part)
        inputs = Inputs(f"linked {part.name}")
        inputs.add("code", self._code_key(part))
        self._add_artifacts(inputs, self.archives())
        return inputs.key

    def _code_key(self, part: Part) -> str:
        """Return the key of a part without archives, as parts see it that need it."""
        return self._once(("code", part), lambda: self._key_of_code(part))

    def _key_of_code(self, part: Part) -> str:
        inputs = Inputs(f"part {part.name}")
        inputs.add("arch", self.arch)
        inputs.add("epoch", str(self.epoch))
        plan, builder = self.builder
        inputs.add("builder", plan.image_key(builder, compilers=True))
        inputs.add_files(part.recipes)
        if part.described:
            inputs.add("version", project_version())
            inputs.add_files(own_command.files(on_hosts=True))
        if part.features_in:
            inputs.add("features", " ".join(part.features))
        inputs.add_files(part.files)
        self._add_artifacts(inputs, self.pins(part))
        for name, arch in self.debian_sets(part):
            self._add_artifacts(inputs, debs(name, arch))
        inputs.add_files(cross.files(self.arch))
        if self.native is not None and self.runs_python(part):
            python = self.native.graph.parts[cross.PYTHON]
            inputs.add("python", self.native._code_key(python))
        for need in part.needs:
            inputs.add(f"need {need}", self._code_key(self.graph.of(part, need)))
        return inputs.key

    def rootfs_key(self, image: Image, *, compilers: bool = False) -> str:
        """Return the key of the root filesystem of an image without a base."""
        inputs = Inputs(f"rootfs {image.name}")
        inputs.add("epoch", str(self.epoch))
        inputs.add_files([image.folder / "customize.sh"])
        inputs.add("recipe", " ".join(rootfs.RECIPE))
        self._add_debs(inputs, self.debian(image.debian), compilers=compilers)
        return inputs.key

    def image_key(self, image: Image, *, compilers: bool = False) -> str:
        """Return the key of an image; `compilers`: as parts see it that link no archive."""
        return self._once((image, compilers), lambda: self._image_key(image, compilers=compilers))

    def _image_key(self, image: Image, *, compilers: bool) -> str:
        """Return the key of base, Containerfile, pins and parts."""
        inputs = Inputs(f"image {image.name}")
        inputs.add("arch", self.arch)
        inputs.add("epoch", str(self.epoch))
        if image.parts:
            inputs.add("version", project_version())
            inputs.add("labels", "none of buildah's")
            # Licences and addresses are nowhere else in a key.
            inputs.add("pins", sbom.pins(self, image))
            inputs.add_files(sbom.writer_files())
        if image.base:
            base = self.graph.image(image.base)
            inputs.add("base", self.image_key(base, compilers=compilers))
            debs = [*self.debian(image.debian), *self.libraries(image)]
            self._add_debs(inputs, debs, compilers=compilers)
        else:
            inputs.add("rootfs", self.rootfs_key(image, compilers=compilers))
        inputs.add_files(sorted(path for path in image.folder.iterdir() if path.is_file()))
        for part in self.graph.shipped(image):
            inputs.add(f"part {part.name}", self.part_key(part))
        return inputs.key

    def archive_key(self, image: Image) -> str:
        """Return the key of an image's OCI archive: the image, and its command ``hpcpy``."""
        inputs = Inputs(f"archive {image.name}")
        inputs.add("image", self.image_key(image))
        if image.parts:
            maker = paths.ROOT / "src/hpcpy/images/own_command.py"
            inputs.add_files([*own_command.files(), maker])
        return inputs.key

    def _add_debs(self, inputs: Inputs, debs: list[Artifact], *, compilers: bool) -> None:
        linked = self._linked if compilers else set()
        self._add_artifacts(inputs, [deb for deb in debs if source_package(deb) not in linked])

    def _add_artifacts(self, inputs: Inputs, artifacts: list[Artifact]) -> None:
        for artifact in artifacts:
            # A distribution may have repacked a source: its hash differs then,
            # though the contents are the same.
            hashes = sorted({source.sha256 for source in artifact.sources})
            inputs.add(artifact.filename, " ".join(hashes))


def make_plan(arch: str = "") -> Plan:
    """Return the plan of this checkout, for this machine's architecture or another."""
    files_of_clone.cache_clear()
    native = Plan(the_graph(), host_arch(), snapshot_epoch())
    if arch in ("", native.arch):
        return native
    return Plan(the_graph().for_arch(arch), known_arch(arch), native.epoch, native)
