"""A folder that a program puts into sys.path is seen as in a stock Python, and not looked at often.

Each row is a way to put it there, what was done with the folder before, and what imports from it.
A child of both Pythons does each: one has the image's packages in memory, one as files.
"""

import json
import os
from itertools import product
from pathlib import Path

import pytest
from small_bundle import Installation, distribution

Row = tuple[str, str, str]
# The image's modules.  The program's folder has `extra`, and another `both`.
TRIES = """
try:
    import extra
except ImportError:
    extra = None
try:
    import space.more
except ImportError:
    pass
import both
"""
MANY = """
for name in "abcde":
    try:
        __import__(name)
    except ImportError:
        pass
"""
FILES = {
    "tries.py": TRIES,
    "deep/__init__.py": "",
    "deep/tries.py": TRIES,
    "needs.py": "import extra\n",
    "called.py": "def call():\n    import tries\n",
    "loads.py": "import plugin\n",
    "adds.py": "import sys\nsys.path.insert(0, sys.own)\nimport extra, both\n",
    "many.py": MANY,
    "more.py": MANY + "import many, absent\n",
    "both.py": "",
    **distribution("both", "1.0", "both.py"),
    "space/one.py": "",
}
# `own` is the folder, `home` the one above it and the working folder.
WAYS = {
    "append": "sys.path.append(own)",
    "insert": "sys.path.insert(0, own)",
    "a new list": "sys.path = [*sys.path, own]",
    "relative": "sys.path.append('own')",
    "not normalised": "sys.path.insert(0, f'{own}/../own')",
    "a link": "os.symlink(own, 'link'); sys.path.append(f'{home}/link')",
    "the working folder": "entered(); sys.path.remove(''); sys.path.append(own)",
    "relative, then elsewhere": "sys.path.append('own'); looked(); os.chdir('/')",
    "addsitedir": "site.addsitedir(own)",
    "a .pth file": "write('site/x.pth', own); site.addsitedir(f'{home}/site')",
    "a zip file": "zipped(); sys.path.append(f'{own}.zip')",
    "a Path": "sys.path.append(pathlib.Path(own))",
    "taken out": "sys.path.append(own); looked(); sys.path.remove(own)",
    "a package's own": "sys.path.append(own); tried('adds')",
    "none": "",
}
STATES = {
    "filled": "fill()\nWAY",
    "empty": "begun()\nWAY",
    "read": "fill(); begun()\nWAY\nlooked()",
    "read by a package": "fill()\nWAY\ntried('many')",
    "filled later": "begun()\nWAY\nlooked(); fill(); changed()",
    "filled after a package": "begun()\nWAY\ntried('many'); fill(); changed()",
    "filled after a failure": "begun()\nWAY\ntried('needs'); fill(); changed()",
    "filled, invalidated": "begun()\nWAY\nlooked(); fill(); importlib.invalidate_caches()",
    "made later": "WAY\nlooked(); fill(); importlib.invalidate_caches()",
    "emptied": "fill()\nWAY\nlooked(); os.remove(f'{own}/extra.py'); changed()",
}
IMPORTS = {
    "of a package": "import tries",
    "of a submodule": "import deep; import deep.tries",
    "by a function": "import called; called.call()",
    "by a module beside": "write('own/mine.py', 'import tries'); import mine",
    "by a plug-in": "write('own/plugin.py', 'import tries'); import loads",
    "in a thread": "one = threading.Thread(target=tried, args=['tries']); one.start(); one.join()",
    "of what failed": "import needs",
    "of itself": "import extra",
}
PROGRAM = """
import importlib, importlib.metadata, importlib.util
import json, os, pathlib, site, sys, threading, zipfile

def write(name, text):
    os.makedirs(os.path.dirname(f"{home}/{name}"), exist_ok=True)
    with open(f"{home}/{name}", "w") as file:
        file.write(text)

def fill():
    for name in ("extra.py", "both.py", "space/more.py"):
        write(f"own/{name}", "")
    write("own/both-2.0.dist-info/METADATA", "Version: 2.0")

def begun():
    write("own/present.py", "")

def changed():
    os.utime(own, (2e9, 2e9))

def entered():
    os.makedirs(own, exist_ok=True)
    os.chdir(own)

def zipped(folder=""):
    with zipfile.ZipFile(f"{own}.zip", "w") as file:
        for name in ("extra.py", "both.py", "space/more.py"):
            file.writestr(folder + name, "")

def looked():
    importlib.util.find_spec("present")

def tried(name):
    try:
        __import__(name)
    except ImportError:
        pass

def told(way, state, which):
    exec(STATES[state].replace("WAY", WAYS[way]), globals())
    for name in ("extra", "both", "tries"):
        sys.modules.pop(name, None)
    versions = [importlib.metadata.version("both")]
    try:
        exec(IMPORTS[which], globals())
        end = ""
    except Exception as error:
        end = type(error).__name__
    versions.append(importlib.metadata.version("both"))
    names = ("extra", "both", "space.more", "tries")
    files = (getattr(sys.modules.get(name), "__file__", "-") for name in names)
    files = (file.replace(home, "").rpartition("site-packages")[2] for file in files)
    return [end, *versions, *files]

base = os.environ["BASE"]
with open(f"{base}/table") as file:
    WAYS, STATES, IMPORTS, rows = json.load(file)
answers = []
for number, row in enumerate(rows):
    home = f"{base}/{number}"
    own = sys.own = f"{home}/own"
    os.makedirs(home)
    reader, writer = os.pipe()
    if not (child := os.fork()):
        os.chdir(home)
        with open(writer, "w") as file:
            json.dump(told(*row), file)
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        answers.append(json.load(file))
    assert os.waitpid(child, 0)[1] == 0
json.dump(answers, sys.stdout)
"""


def answers(folder: Path, rows: list[Row], *, stock: bool) -> dict[Row, list[str]]:
    base = folder / "rows"
    base.mkdir(parents=True)
    (base / "table").write_text(json.dumps([WAYS, STATES, IMPORTS, rows]))
    installed = Installation(folder, FILES)
    installed.epoch = 0
    os.utime(installed.site, (0, 0))
    told = installed.says(PROGRAM, stock=stock, BASE=str(base))
    return dict(zip(rows, json.loads(told), strict=True))


def test_a_folder_of_the_programs_is_seen_as_elsewhere(tmp_path: Path) -> None:
    rows = [
        *product(
            WAYS, ["filled", "read", "filled later", "filled after a failure"], ["of a package"]
        ),
        *product(["append", "insert"], STATES, ["of a package", "of a submodule"]),
        *product(["insert"], ["filled", "filled after a package"], IMPORTS),
    ]
    ours = answers(tmp_path / "ours", rows, stock=False)
    stock = answers(tmp_path / "stock", rows, stock=True)
    differ = {row: (told, stock[row]) for row, told in ours.items() if told != stock[row]}
    assert not differ
    # Both have found the folder's module in most rows, and were not stopped in any.
    assert {end for end, *_ in stock.values()} <= {"", "ModuleNotFoundError"}
    assert sum(extra != "-" for _, _, _, extra, *_ in stock.values()) > len(rows) / 2


COUNTS = """
import _frozen_importlib_external as external
looks, stat = [], external._path_stat
def counted(path):
    looks.append(path)
    return stat(path)
external._path_stat = counted
own = f"{posix.getcwd()}/own"
posix.mkdir(own)
WAY
counts = []
for name in ("many", "more", "more", "both"):
    looks.clear()
    try:
        __import__(name)
    except ImportError:
        pass
    counts.append(looks.count(own))
print(counts)
"""


# The first look says whether it is a folder, the second when it was changed.
@pytest.mark.parametrize(
    ("way", "counts"),
    [
        ("sys.path.append(own)", [2, 1, 1, 0]),
        ("sys.path.insert(0, own)", [2, 1, 1, 1]),
        ("posix.chdir(own)", [0, 0, 0, 0]),
        ("posix.chdir(own); sys.path.append(own)", [2, 1, 1, 0]),
    ],
)
def test_an_import_of_the_images_looks_at_a_folder_once(
    way: str, counts: list[int], tmp_path: Path
) -> None:
    assert Installation(tmp_path, FILES).says(COUNTS.replace("WAY", way)) == str(counts)
