"""A second bundle beside the first: what was baked in later comes from memory too."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest
from baked_bundle import EPOCH, baked, says
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


def test_nothing_is_asked_for_the_interpreters_own(installed: Installation) -> None:
    assert installed.says("forbid_asking(); import own; print(own.VALUE)") == "own"


def test_an_image_without_one_asks_once(installed: Installation) -> None:
    os.utime(installed.site, (EPOCH, EPOCH))
    program = """
        posix.open = None
        refuse_listing()
        for name in "one", "two":
            try: __import__(name)
            except ModuleNotFoundError: print(name)
    """
    assert says(installed, program).split() == ["one", "two"]


def test_it_wins_over_the_path(installed: Installation) -> None:
    write(installed.folder / "other", {"added.py": "VALUE = 'path'\n"})
    program = "sys.path.insert(0, 'other'); import added; print(added.VALUE)"
    assert says(installed, program) == "added"
    own = "import sys; sys.path.insert(0, 'other'); import added; print(added.VALUE)"
    assert installed.says(own, HPCPY_PREFER="added") == "path"
    assert installed.says(own, HPCPY_PREFER="Added") == "path"


def test_what_was_installed_over_it_wins(installed: Installation) -> None:
    home = installed.site / "Added-2.0.dist-info"
    home.rename(installed.site / "Added-3.0.dist-info")
    write(installed.site, {"added/part.py": "VALUE = 'newer'\n", "added/more.py": ""})
    program = "import added.more; print(added.VALUE, getattr(added.__spec__.loader, 'offset', 0))"
    assert says(installed, program).split() == ["newer", "0"]


def test_another_time_of_the_folder_only_costs_a_listing(installed: Installation) -> None:
    write(installed.site, {"later.py": "VALUE = 'later'\n"})
    program = "import added, later; print(added.__spec__.loader.offset > 0, later.VALUE)"
    assert says(installed, program).split() == ["True", "later"]


@pytest.mark.parametrize("name", ["added", "Added", "own"])
def test_metadata_is_found_by_name_without_a_listing(installed: Installation, name: str) -> None:
    program = f"""
        import importlib.metadata
        refuse_listing()
        print(importlib.metadata.version({name!r}))
    """
    assert says(installed, program) == {"own": "1.0"}.get(name, "2.0")


def test_what_is_nowhere_is_asked_of_the_users_folders_alone(installed: Installation) -> None:
    (installed.folder / "mine").mkdir()
    program = """
        import importlib.metadata as metadata
        listed = []
        sys.path[:] = ["", "mine", *[entry for entry in sys.path if entry]]
        for number in range(20):
            # The first question lists the user's folders, the others ask their time.
            if number == 1:
                sys.addaudithook(lambda event, of: event == "os.listdir" and listed.append(of[0]))
            try: metadata.version(f"nowhere-{number}")
            except metadata.PackageNotFoundError: pass
        print([one for one in listed if str(one).startswith((".", "mine", HERE))])
    """
    program = textwrap.dedent(program).replace("HERE", repr(str(installed.folder)))
    assert says(installed, program) == "[]"


@pytest.mark.parametrize("where", ["", "mine"])
def test_what_a_user_has_is_found_and_what_comes_later_too(
    installed: Installation, where: str
) -> None:
    folder = installed.folder / where
    write(folder, distribution("mine", "3.0"))
    later = f"Path({str(folder)!r}, 'later-4.0.dist-info')"
    program = f"""
        import importlib.metadata as metadata, os
        from pathlib import Path
        sys.path.insert(0, {where!r})
        print(metadata.version("mine"))
        try: metadata.version("later")
        except metadata.PackageNotFoundError: print("not yet")
        {later}.mkdir()
        ({later} / "METADATA").write_text("Name: later\\nVersion: 4.0\\n")
        os.utime({str(folder)!r}, (1, 1))
        print(metadata.version("later"))
    """
    assert says(installed, program).splitlines() == ["3.0", "not yet", "4.0"]


def test_what_was_installed_beside_the_bundle_is_found(installed: Installation) -> None:
    write(installed.site, distribution("late", "5.0"))
    program = "import importlib.metadata as metadata; print(metadata.version('late'))"
    assert says(installed, program) == "5.0"


def test_metadata_asks_for_no_file_that_is_not_there(installed: Installation) -> None:
    program = """
        import importlib.metadata, pathlib
        read = []
        def read_text(path, *arguments, real=pathlib.Path.read_text, **keywords):
            read.append(path.name)
            return real(path, *arguments, **keywords)
        pathlib.Path.read_text = read_text
        for name in ("own", "added"):
            found = importlib.metadata.distribution(name)
            print(found.version, found.read_text("direct_url.json"), len(found.entry_points))
            print(any(file.name == "METADATA" for file in found.files))
        print(read)
    """
    assert says(installed, program).splitlines() == [
        "1.0 None 1", "True", "2.0 None 1", "True", "['RECORD', 'RECORD']",
    ]  # fmt: skip


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


@pytest.mark.parametrize("where", ["", "mine"])
def test_entry_points_of_a_users_are_found_and_what_comes_later_too(
    installed: Installation, where: str
) -> None:
    folder = installed.folder / where
    mine = distribution("mine", "3.0")
    write(folder, {**mine, "mine-3.0.dist-info/entry_points.txt": "[group]\nm = json:__name__\n"})
    # A distribution of the image has the same name: the first on sys.path counts, as elsewhere.
    write(folder, distribution("Added", "9.0"))
    program = f"""
        import os
        from pathlib import Path
        sys.path.insert(0, {where!r})
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


def test_entry_points_of_what_was_installed_beside_the_bundle_are_found(
    installed: Installation,
) -> None:
    late = distribution("late", "5.0")
    write(
        installed.site, {**late, "late-5.0.dist-info/entry_points.txt": "[group]\nl = json:dumps\n"}
    )
    names = "print(sorted(name for name, _ in points()))"
    assert says(installed, _POINTS + names) == "['added', 'l', 'own']"


def test_entry_points_are_those_of_sys_path_alone(installed: Installation) -> None:
    gone = f"sys.path.remove({str(installed.site)!r}); print(points())"
    assert says(installed, _POINTS + gone) == "[]"


def test_without_site_it_is_hidden(installed: Installation) -> None:
    program = "import importlib.util; print(importlib.util.find_spec('added'))"
    own = f"sys.path.remove({str(installed.site)!r}); {program}"
    assert installed.says(own, "-S") == "None"
