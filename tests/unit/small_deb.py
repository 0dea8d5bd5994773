"""A small Debian package, where downloads lie."""

from pathlib import Path

from hpcpy.core.files import sha256
from running import run


def make_deb(root: Path, control: str = "") -> Path:
    """Make a package of the files in a folder, and of its name."""
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        f"Package: {root.name}\nVersion: 1:2.0-1\nArchitecture: all\n{control}"
        "Maintainer: Nobody <nobody@example.org>\nDescription: for a test\n of two lines\n"
    )
    deb = root.with_name(f"{root.name}_2.0-1_all.deb")
    run("dpkg-deb", "--build", root, deb, check=True)
    return downloaded(deb)


def downloaded(file: Path) -> Path:
    """Move a file to where downloads lie."""
    folder = file.parent / sha256(file)
    folder.mkdir()
    return file.rename(folder / file.name)
