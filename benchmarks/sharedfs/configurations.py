"""The ways to have Python on a shared file system, in the order of the page's table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from measure import roots
from measure.roots import PLACE
from measure.targets import PYTHON
from sharedfs.launch import COPY

# No program imports them, and copying their 15,000 files takes a minute.
LEFT_OUT = (
    *("cupy", "cupyx", "dask", "debugpy", "distributed", "fontTools", "fsspec", "ipykernel"),
    *("ipyparallel", "IPython", "jedi", "jupyter_client", "matplotlib", "PIL", "pip"),
    *("prompt_toolkit", "pygments", "tornado", "tzdata", "viztracer", "wcwidth", "zmq"),
)
# Ending of the name -> Apptainer's options.
_MOUNTS = {
    "": (),
    "-shared": ("--sharens",),
    # Without root's rights Apptainer mounts by squashfuse.
    "-fuse": ("--userns",),
    "-fuse-shared": ("--userns", "--sharens"),
}


@dataclass(frozen=True)
class Images:
    """Images on the machine's own disk, by name."""

    sif: dict[str, Path]
    # Unpacked files.
    root: dict[str, Path]
    # The program.
    apptainer: Path
    # The interpreter as one file, where a configuration takes it.
    file: Path = Path()

    def inside(self, image: str, path: Path) -> Path:
        """Return where a path of an unpacked image lies."""
        return self.root[image] / path.relative_to("/")


@dataclass(frozen=True)
class Files:
    """A file or folder of this machine, and its path on the shared file system."""

    source: Path
    target: str
    # Patterns of tar.
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """One way to have Python on a shared file system; `charts.names.plain` has it in words."""

    name: str
    image: str
    # What a node mounts of the file system, and what lies there.
    folder: str
    files: Callable[[Images], Sequence[Files]]
    # What starts Python, by the images, the folder and Python's words.
    command: Callable[[Images, Path, Sequence[str]], list[str]]
    # Whether it is a tree of files, which a program in the unpacked image sees at `PLACE`.
    is_tree: bool = False
    # Whether it is such a tree in one file: its launcher has what lies at `PLACE` at its place.
    is_packed: bool = False
    # A file of the folder that the job copies to each node's own disk; unpacks it there.
    staged: str = ""
    is_archive: bool = False

    def place(self, images: Images, otherwise: Path) -> Path:
        """Return where a node mounts the folder."""
        if self.is_packed:
            return PLACE
        return images.inside(self.image, PLACE) if self.is_tree else otherwise


def _left_out(library: str) -> tuple[str, ...]:
    return tuple(f"{library}/site-packages/{name}" for name in LEFT_OUT)


def _tree(
    name: str, image: str, python: str, files: Callable[[Images], list[Files]]
) -> Configuration:
    """Return a tree of files: its C library and /etc are on the node, only /opt is shared."""

    def command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
        return ["chroot", str(images.root[image]), f"{PLACE}/{python}", *words]

    return Configuration(name, image, name, files, command, is_tree=True)


def _venv_files(images: Images) -> list[Files]:
    """Return the interpreter without packages, MPI's library, and the environment."""
    opt, venv = images.inside("wheels", PLACE), images.inside("wheels", roots.VENV)
    return [
        Files(opt / "hpcpy", "venv/hpcpy", ("./lib/python3*/site-packages/*",)),
        Files(opt / "mpich", "venv/mpich"),
        Files(venv, "venv/venv", _left_out("./lib/python3*")),
    ]


def _static_files(images: Images) -> list[Files]:
    some = _left_out("./hpcpy/lib/python3*")
    return [Files(images.inside("hpcpy", PLACE), "static-files", some)]


def _sif(image: str, name: str, *options: str) -> Configuration:
    def files(images: Images) -> list[Files]:
        return [Files(images.sif[image], f"images/{image}.sif")]

    def command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
        execute = [str(images.apptainer), "exec", *options, "--pwd", "/"]
        return [*execute, str(folder / f"{image}.sif"), PYTHON, *words]

    return Configuration(name, image, "images", files, command)


def _staged_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    # The rank's shell expands the variable in the copy's name.
    start = f'exec "$0" exec --sharens --pwd / "{COPY}" "$@"'
    return ["sh", "-c", start, str(images.apptainer), PYTHON, *words]


def _unpacked_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    # A rank sees the node's folder at its place in the unpacked image.
    start = f'mount --bind "{COPY}.d" "$0{PLACE}" && exec chroot "$0" "$@"'
    root, python = str(images.root["wheels"]), f"{PLACE}/venv/bin/python3"
    return ["unshare", "--mount", "sh", "-c", start, root, python, *words]


_FILE = Configuration(
    name="file",
    image="hpcpy",
    folder="file",
    files=lambda images: [Files(images.file, "file/hpcpy-python")],
    command=lambda _, folder, words: [f"{folder}/hpcpy-python", *words],
)
_SIFS = [
    _sif(image, f"{name}-sif{ending}", *options)
    for image, name in (("wheels", "wheels"), ("hpcpy", "static"))
    for ending, options in _MOUNTS.items()
]
_ALL = (
    _tree("venv", "wheels", "venv/bin/python3", _venv_files),
    Configuration(
        name="venv-packed",
        image="wheels",
        folder="venv-packed",
        files=lambda images: [Files(images.inside("wheels", roots.PACKED), "venv-packed")],
        command=lambda _, folder, words: [f"{folder}/venv/bin/python3", *words],
        is_packed=True,
    ),
    Configuration(
        name="conda-staged",
        image="wheels",
        folder="archive",
        files=lambda images: [
            Files(images.inside("wheels", roots.ARCHIVE), "archive/venv.tar.zst")
        ],
        command=_unpacked_command,
        staged="venv.tar.zst",
        is_archive=True,
    ),
    _tree("static-files", "hpcpy", "hpcpy/bin/python3", _static_files),
    *_SIFS,
    replace(_sif("hpcpy", "static-sif-staged"), command=_staged_command, staged="hpcpy.sif"),
    _FILE,
    replace(
        _FILE,
        name="file-staged",
        command=lambda _images, _folder, words: ["sh", "-c", f'exec "{COPY}" "$@"', "sh", *words],
        staged="hpcpy-python",
    ),
)
CONFIGURATIONS = {configuration.name: configuration for configuration in _ALL}
