"""A second bundle, as `hpcpy_bake` writes it, beside the first, and what a bake takes in."""

import os
import textwrap
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from small_bundle import Installation, distribution, write

from hpcpy_bake import installed as of_bake

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
        more={"epoch": BAKED, "distributions": {"Added-2.0.dist-info": ["added", "shared"]}},
    )
    (made.library / "hpcpy_baked").mkdir(exist_ok=True)
    (made.library / "hpcpy_baked/modules.bundle").write_bytes(data)
    os.utime(made.site, (BAKED, BAKED))


def says(installed: Installation, program: str) -> str:
    """Return what a program prints, which may call `refuse_listing`."""
    return installed.says(REFUSE + textwrap.dedent(program))


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """Make an installation with a bundle of its own and a second one beside it."""
    made = Installation(tmp_path, OWN)
    made.epoch = EPOCH
    (tmp_path / "modules.bundle").write_bytes(made.bundle())
    bake(made)
    return made


def test_it_is_found_without_a_listing(installed: Installation) -> None:
    program = """
        import importlib.metadata
        refuse_listing()
        import added.part, own, shared.first, shared.second
        print(added.VALUE, added.__spec__.loader.offset > 0, shared.second.VALUE)
        print(importlib.metadata.version("own"), importlib.metadata.version("Added"))
        try: import nowhere
        except ModuleNotFoundError: print("nowhere")
    """
    assert says(installed, program).split() == ["added", "True", "2", "1.0", "2.0", "nowhere"]


_POINTS = """
import importlib.metadata as metadata
def points():
    return [(point.name, point.load()) for point in metadata.entry_points(group="group")]
"""


def test_entry_points_are_found_without_a_listing(installed: Installation) -> None:
    program = """
        refuse_listing()
        points()
        # This Python's own packages are not in the bundle.
        sys.path[:] = [entry for entry in sys.path if entry.startswith(HERE)]
        import pathlib
        pathlib.Path.read_text = None
        print(points())
    """
    program = textwrap.dedent(program).replace("HERE", repr(str(installed.folder)))
    assert says(installed, _POINTS + program) == "[('own', 'own'), ('added', 'added')]"


def test_entry_points_of_a_users_are_found_and_what_comes_later_too(
    installed: Installation,
) -> None:
    folder = installed.folder / "mine"
    mine = distribution("mine", "3.0")
    write(folder, {**mine, "mine-3.0.dist-info/entry_points.txt": "[group]\nm = json:__name__\n"})
    # A distribution of the image has the same name: the first on sys.path counts, as elsewhere.
    write(folder, distribution("Added", "9.0"))
    program = f"""
        import os
        from pathlib import Path
        sys.path.insert(0, "mine")
        print(points())
        later = Path({str(folder)!r}, "later-4.0.dist-info")
        later.mkdir()
        (later / "METADATA").write_text("Name: later\\nVersion: 4.0\\n")
        (later / "entry_points.txt").write_text("[group]\\nlater = json:__name__\\n")
        os.utime({str(folder)!r}, (1, 1))
        print(sorted(name for name, _ in points()))
    """
    assert says(installed, _POINTS + textwrap.dedent(program)).splitlines() == [
        "[('m', 'json'), ('own', 'own')]",
        "['later', 'm', 'own']",
    ]


def test_another_pythons_is_refused(installed: Installation) -> None:
    file = installed.library / "hpcpy_baked/modules.bundle"
    data = file.read_bytes()
    at = data.rindex(b"hpcpy 4\n") + 8
    file.write_bytes(data[:at] + b"\0\0\0\0" + data[at + 4 :])
    done = installed.run("import added")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: hpcpy: the packages in {installed.library}/hpcpy_baked")
    assert "bake again: python -m hpcpy_bake" in last
    # A program that needs no baked package goes on.
    assert installed.says("import own; print(own.VALUE)") == "own"


def test_a_rebuilt_base_takes_it(installed: Installation) -> None:
    # The modules, their offsets and the files' times differ; the Python is the same.
    write(installed.site, {"own/__init__.py": "VALUE = 'rebuilt, and longer'\n", "own/more.py": ""})
    installed.epoch = EPOCH + 1000
    (installed.folder / "modules.bundle").write_bytes(installed.bundle())
    os.utime(installed.site, (BAKED, BAKED))
    program = """
        refuse_listing()
        import added.part, own.more, shared.first, shared.second
        print(added.VALUE, added.__spec__.loader.offset > 0, own.VALUE)
    """
    assert says(installed, program) == "added True rebuilt, and longer"


HOME = "old-1.dist-info"
# What a RECORD may name, and what that is of the distribution's.
NAMES = {
    "old/code.py": "old/code.py",
    "old/../other/code.py": "other/code.py",
    "../../../bin/old.py": None,
    "old/../../os.py": None,
    "/etc/code.py": None,
}


@pytest.mark.parametrize(("name", "known"), NAMES.items(), ids=[*NAMES])
def test_a_record_names_files_of_site_packages_alone(
    name: str, known: str | None, tmp_path: Path
) -> None:
    (tmp_path / HOME).mkdir()
    (tmp_path / HOME / "METADATA").write_text("Name: old\nVersion: 1\n")
    (tmp_path / HOME / "RECORD").write_text(f"{name},,\n{HOME}/METADATA,,\n")
    own = {f"{HOME}/METADATA", f"{HOME}/RECORD", *([known] if known else [])}
    assert {*of_bake.files(PathDistribution(tmp_path / HOME))} == own
