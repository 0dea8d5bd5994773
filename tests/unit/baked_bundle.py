"""A small installation with a second bundle, as `hpcpy_bake` writes it."""

import os
import textwrap
from pathlib import Path

from small_bundle import Installation, distribution, write

EPOCH, BAKED = 1_000_000_000, 1_500_000_000
OWN = {
    "own/__init__.py": "VALUE = 'own'\n",
    "shared/first.py": "VALUE = 1\n",
    **distribution("Own", "1.0", "own/__init__.py", "Own-1.0.dist-info/entry_points.txt"),
    "Own-1.0.dist-info/entry_points.txt": "[group]\nown = own:VALUE\n",
}
ADDED = {
    "added/__init__.py": "from added.part import VALUE\n",
    "added/part.py": "VALUE = 'added'\n",
    "shared/second.py": "VALUE = 2\n",
    **distribution(
        *("Added", "2.0", "added/__init__.py", "added/part.py", "shared/second.py"),
        "Added-2.0.dist-info/entry_points.txt",
    ),
    "Added-2.0.dist-info/entry_points.txt": "[group]\nadded = added:VALUE\n",
}
# Refuses to list site-packages alone: the working directory is listed as by any Python.
REFUSE = """
def refuse_listing():
    import os
    def listdir(path, real=posix.listdir):
        assert not path.endswith("lib/site-packages"), path
        return real(path)
    posix.listdir = os.listdir = listdir
"""


def baked(folder: Path) -> Installation:
    """Make an installation with a bundle of its own and a second one beside it."""
    made = Installation(folder, OWN)
    made.epoch = EPOCH
    (folder / "modules.bundle").write_bytes(made.bundle())
    bake(made)
    return made


def bake(made: Installation) -> None:
    """Add the packages of `ADDED` in a second bundle."""
    from bundle.about import describe
    from bundle.tree import Folder, scan
    from bundle.write import write_bundle

    view = made.folder / "view"
    write(view, ADDED)
    write(made.site, ADDED)
    folders = scan(view, str(made.site), is_open=True)
    data = write_bundle(
        [str(made.library), str(made.site)],
        [Folder(made.library, str(made.library), is_open=False), *folders],
        describe(view, folders[0].entries, [], {}),
        more={
            "epoch": BAKED,
            "distributions": {"Added-2.0.dist-info": ["added", "shared"]},
        },
    )
    (made.library / "hpcpy_baked").mkdir(exist_ok=True)
    (made.library / "hpcpy_baked/modules.bundle").write_bytes(data)
    os.utime(made.site, (BAKED, BAKED))


def says(installed: Installation, program: str) -> str:
    """Return what a program prints, which may call `refuse_listing`."""
    return installed.says(REFUSE + textwrap.dedent(program))
