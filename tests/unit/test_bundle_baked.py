"""A second bundle beside the first: what was baked in later comes from memory too."""

import os
import textwrap
from pathlib import Path

import pytest
from baked_bundle import BAKED, EPOCH, baked, says
from small_bundle import Installation, distribution, write


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    return baked(tmp_path)


def test_it_is_found_without_a_listing(installed: Installation) -> None:
    program = """
        refuse_listing()
        import added.part, own, shared.first, shared.second
        print(added.VALUE, added.__spec__.loader.offset > 0, shared.second.VALUE)
        try: import nowhere
        except ModuleNotFoundError: print("nowhere")
    """
    assert says(installed, program).split() == ["added", "True", "2", "nowhere"]


def test_metadata_is_found_by_name_without_a_listing(installed: Installation) -> None:
    program = """
        import importlib.metadata
        refuse_listing()
        print(importlib.metadata.version("own"), importlib.metadata.version("Added"))
    """
    assert says(installed, program) == "1.0 2.0"


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
