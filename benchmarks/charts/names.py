"""What a page calls that a report has a short name for."""

_MOUNTS = {
    "": ", a mount a rank",
    "-shared": "",
    "-fuse": ", by FUSE, a mount a rank",
    "-fuse-shared": ", by FUSE",
}
_SIFS = {"wheels": "ordinary packages in a SIF", "static": "`hpcpy.sif`"}
_NAMES = {
    "venv": "a virtual environment, as files",
    "venv-packed": "the same, packed into one file",
    "conda-staged": "the same as an archive, copied to each node",
    "static-files": "hpcpy, as files",
    "file": "`hpcpy-python`, the file",
    "file-staged": "the file, copied to each node",
    "static-sif-staged": "`hpcpy.sif`, copied to each node",
    "static-podman-hpc-shared": "hpcpy in podman-hpc",
    "wheels": "ordinary packages",
    "pass": "a bare start",
    "eight": "eight imports",
    **{
        f"{name}-sif{ending}": f"{title}{mount}"
        for name, title in _SIFS.items()
        for ending, mount in _MOUNTS.items()
    },
}


def plain(name: str) -> str:
    """Return the words for a name of a report, or the name."""
    if name == "core" or name.startswith(("core ", "core+")):
        return name.replace("core", "five imports", 1)
    return _NAMES.get(name, name)
