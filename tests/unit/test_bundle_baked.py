"""A second bundle beside the first: what was baked in later comes from memory too."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest
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
# Of site-packages alone: the working directory is listed as anywhere.
REFUSE = """
def refuse_listing():
    import os
    def listdir(path, real=posix.listdir):
        assert not path.endswith("lib/site-packages"), path
        return real(path)
    posix.listdir = os.listdir = listdir
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    made = Installation(tmp_path, OWN)
    made.epoch = EPOCH
    (tmp_path / "modules.bundle").write_bytes(made.bundle())
    bake(made)
    return made


def bake(made: Installation, built_on: dict[str, str] | None = None) -> None:
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
            **({} if built_on is None else {"built on": built_on}),
        },
    )
    (made.library / "hpcpy_baked").mkdir(exist_ok=True)
    (made.library / "hpcpy_baked/modules.bundle").write_bytes(data)
    os.utime(made.site, (BAKED, BAKED))


def says(installed: Installation, program: str) -> str:
    return installed.says(REFUSE + textwrap.dedent(program))


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
    # Of the same name as one of the image's: the first on sys.path counts, as elsewhere.
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


def test_another_pythons_is_refused(installed: Installation) -> None:
    file = installed.library / "hpcpy_baked/modules.bundle"
    data = file.read_bytes()
    file.write_bytes(data[:8] + b"\0\0\0\0" + data[12:])
    done = installed.run("import added")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: hpcpy: the packages in {installed.library}/hpcpy_baked")
    assert "bake again: python -m hpcpy_bake" in last
    # What needs none of it goes on.
    assert installed.says("import own; print(own.VALUE)") == "own"


def test_a_rebuilt_base_takes_it(installed: Installation) -> None:
    # Other modules at other offsets, other times of the files: the same Python.
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


@pytest.mark.parametrize(
    ("built_on", "has"),
    [
        ({"Own": "1.0.7"}, ""),
        ({"Own": "1.1"}, "Own 1.1, and this base has 1.0"),
        ({"Own": "0.9"}, "Own 0.9, and this base has 1.0"),
        ({"Own": "2.0rc1"}, "Own 2.0rc1, and this base has 1.0"),
        ({"Gone": "1.0"}, "Gone 1.0, and this base has none"),
    ],
)
def test_extension_modules_of_a_base_with_another_abi_are_refused(
    installed: Installation, built_on: dict[str, str], has: str
) -> None:
    bake(installed, built_on)
    done = installed.run("import own, added; print(added.VALUE)")
    if has:
        last = done.stderr.splitlines()[-1]
        where = f"ImportError: hpcpy: the packages in {installed.library}/hpcpy_baked"
        again = "; bake again: python -m hpcpy_bake (docs/bake.md)"
        assert last == f"{where} were baked on a base with {has}{again}"
    else:
        assert (done.stdout, done.stderr) == ("added\n", "")


def test_a_newer_base_of_the_same_major_version_takes_them(installed: Installation) -> None:
    bake(installed, {"Own": "1.0"})
    home = installed.site / "Own-1.0.dist-info"
    (home / "METADATA").write_text((home / "METADATA").read_text().replace("1.0", "1.3.2"))
    (installed.folder / "modules.bundle").write_bytes(installed.bundle())
    os.utime(installed.site, (BAKED, BAKED))
    assert installed.says("import added; print(added.VALUE)") == "added"


def test_what_was_built_on_is_told_by_what_extension_modules_require(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.metadata import distributions

    from hpcpy_bake import installed

    own = {"numpy": "2.1.0", "mpi4py": "4.0", "tqdm": "4.0"}
    monkeypatch.setattr(installed, "own_versions", lambda: own)
    for name, file, requires in (
        ("fast", "fast/part.so", ["NumPy>=2", "tqdm", "h5py; extra == 'all'"]),
        ("pure", "pure.py", ["mpi4py"]),
    ):
        write(tmp_path, distribution(name, "1.0", file))
        lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
        with (tmp_path / f"{name}-1.0.dist-info/METADATA").open("a") as metadata:
            metadata.write(lines)
    found = distributions(path=[str(tmp_path)])
    assert installed.built_on(found) == {"numpy": "2.1.0"}
