"""`RUN python -m hpcpy_bake` in an image that stands on this one, offline."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import image_in_podman
import pytest
from small_packages import digest, sdist, wheel

from hpcpy.build.graph import the_graph
from hpcpy.build.oci import archive_path
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.fetch.many import fetch
from hpcpy.measure.cases import CASES, EIGHT
from hpcpy.measure.counts import Counts
from hpcpy.measure.targets import PYTHON, WORK, unpacked
from hpcpy.measure.trace import traced
from hpcpy.pins.model import this_arch
from hpcpy.pins.wheels import wheels

ARCHIVE = archive_path(the_graph().image("hpcpy"))
DERIVED = "localhost/hpcpy-baked"
CONTAINERFILE = """
FROM localhost/hpcpy
USER 0
RUN --mount=type=bind,source=.,target=/wheels \\
    python -m hpcpy_bake --wheelhouse /wheels -r /wheels/requirements.txt
USER 1000:1000
"""
# All that a bake could leave behind.
SEEN = """
import os, sys
for parent, folders, files in os.walk(sys.prefix):
    for path in [parent, *(os.path.join(parent, file) for file in files)]:
        status = os.lstat(path)
        print(path, status.st_mtime_ns, status.st_size if path != parent else "", status.st_mode)
"""

pytestmark = pytest.mark.skipif(
    not ARCHIVE.exists(), reason=f"{ARCHIVE} is not there; run: make image"
)


class Podman:
    """podman with the image loaded, and a folder that containers see as /wheels."""

    def __init__(self, folder: Path) -> None:
        self.command, variables = podman_command()
        self.env = {**os.environ, **variables}
        self.folder = folder

    def __call__(self, *words: str | Path, code: int | None = 0) -> tuple[int, str, str]:
        done = subprocess.run(
            [*self.command, *map(str, words)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert code is None or done.returncode == code, done.stderr
        return done.returncode, done.stdout, done.stderr

    def script(self, text: str, *options: str, image: str = "hpcpy") -> str:
        """Run shell commands as root in a container that may be written; return stdout."""
        words = ("--rm", "--network=none", "--user=0", f"--volume={self.folder}:/wheels:ro")
        return self("run", *words, *options, image, "sh", "-euc", text)[1]


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    if len(look_up(needed(["podman", "measure"]))) < len(needed(["podman", "measure"])):
        pytest.skip('no podman or strace here; run: make setup TOOLS="podman measure"')
    folder = tmp_path_factory.mktemp("wheels")
    group = wheels("bake", this_arch())
    build = [one for one in wheels("build", this_arch()) if one.name == "setuptools"]
    lines = []
    for artifact, path in fetch([*group, *build]).items():
        shutil.copyfile(path, folder / path.name)
        if artifact in group and artifact.name != "numpy":
            lines.append(f"{artifact.name}=={artifact.version} --hash=sha256:{digest(path)}\n")
    (folder / "requirements.txt").write_text("".join(lines))
    (folder / "Containerfile").write_text(CONTAINERFILE)
    small(folder)
    found = Podman(folder)
    image_in_podman.load(ARCHIVE, found.command, found.env)
    return found


def small(folder: Path) -> None:
    wheel(
        folder,
        "plain",
        "1.0",
        {
            "plain/__init__.py": "from plain.part import VALUE\n",
            "plain/part.py": "VALUE = 1\n",
            "plain/told.txt": "told\n",
        },
    )
    wheel(folder, "plain", "2.0", {"plain/__init__.py": "VALUE = 2\n"})
    wheel(folder, "newer", "1.0", {"newer.py": ""}, ["numpy>=99"])
    wheel(folder, "older", "1.0", {"older.py": ""}, ["plain<2"])
    wheel(folder, "rude", "1.0", {"numpy/rude.py": "", "tqdm/__init__.py": "broken = 1\n"})
    sdist(folder, "source", "1.0")
    (folder / "hashed.txt").write_text(
        f"plain==1.0 --hash=sha256:{digest(folder / 'plain-1.0-py3-none-any.whl')}\n"
    )
    (folder / "wrong.txt").write_text(f"plain==1.0 --hash=sha256:{'0' * 64}\n")
    (folder / "half.txt").write_text((folder / "hashed.txt").read_text() + "older==1.0\n")


@pytest.fixture(scope="module")
def root(podman: Podman) -> Iterator[Path]:
    """Give the root folder of a derived image with the eight libraries."""
    options = ("--isolation=chroot", "--pull=never", "--network=host", f"--tag={DERIVED}")
    podman("build", *options, podman.folder)
    mounted = podman("image", "mount", DERIVED)[1].strip()
    yield Path(mounted)
    podman("image", "unmount", DERIVED)
    podman("rmi", "--force", DERIVED)


def counted(root: Path, folder: Path, code: str) -> Counts:
    # As Apptainer sets them.
    variables = {"LANG": "C.UTF-8", "LD_LIBRARY_PATH": "/.singularity.d/libs"}
    variables |= {"HOME": "/home/me", "TMPDIR": str(WORK)}
    target = unpacked("derived", root, folder, variables)
    # The first run makes the user's caches.
    for _ in range(2):
        counts = traced(target.command(["-c", code]), PYTHON, cwd=str(WORK), root=str(root))
    return counts


@pytest.mark.long
def test_the_eight_libraries_ask_for_next_to_nothing(root: Path, tmp_path: Path) -> None:
    assert EIGHT.goal is not None
    counts = counted(root, tmp_path, EIGHT.code)
    assert counts.listings == []
    told = "\n".join(f"{call.kind} {call.path}" for call in counts.paths)
    assert len(counts.paths) <= EIGHT.goal.path_calls, told
    assert len(counts.off_node) <= EIGHT.goal.off_node, told


@pytest.mark.long
@pytest.mark.parametrize("name", ["pass", "numpy"])
def test_a_start_that_needs_none_of_them_asks_for_no_more(
    root: Path, tmp_path: Path, name: str
) -> None:
    case = next(case for case in CASES if case.name == name)
    assert case.goal is not None
    assert len(counted(root, tmp_path, case.code).paths) <= case.goal.path_calls


@pytest.mark.long
def test_they_work_and_say_where_they_are(podman: Podman, root: Path) -> None:
    assert root
    program = """
import numpy as np, pandas as pd, scipy.linalg, scipy.stats, scipy.io, seaborn, tempfile
import scipy.linalg._fblas as c, matplotlib.style
from Bio.Align import PairwiseAligner
assert np.allclose(scipy.linalg.inv(np.diag([2.0, 4.0])), np.diag([0.5, 0.25]))
assert pd.DataFrame({"a": [1, 1], "b": [2, 3]}).groupby("a").b.sum().tolist() == [5]
assert PairwiseAligner().score("GATTACA", "GCATGCU") == 3
assert 'ggplot' in matplotlib.style.available
with tempfile.NamedTemporaryFile("w", suffix=".mtx") as file:
    file.write("%%MatrixMarket matrix array real general\\n2 2\\nx\\n"); file.flush()
    try: scipy.io.mmread(file.name)  # an exception of C++
    except ValueError: pass
    else: raise AssertionError
assert c.__file__.endswith(".so") and "scipy/linalg/_fblas" in c.__file__, c.__file__
assert "hpcpy_baked" in c.__spec__.loader.pack
seaborn.histplot([1, 2, 2]).figure.savefig(tempfile.gettempdir() + "/x.png")
print("all")
"""
    options = ("--rm", "--read-only", "--network=none", "--cap-drop=all", "--env=MPLBACKEND=agg")
    assert podman("run", *options, DERIVED, "python", "-c", program)[1] == "all\n"


@pytest.mark.long
def test_what_wheels_libraries_do_they_do_in_packs(podman: Podman, root: Path) -> None:
    assert root
    program = """
import io, numpy as np, pandas as pd, scipy.integrate, scipy.linalg, scipy.special, threadpoolctl
import matplotlib.pyplot as plt
from PIL import Image, ImageCms
random = np.random.default_rng(1)
a, b = random.random((60, 60)), random.random(60)
assert np.allclose(a @ scipy.linalg.solve(a, b), b)
assert np.isclose(scipy.special.jv(1, 2.0), 0.5767248077568734)
assert np.isclose(scipy.integrate.quad(np.exp, 0, 1)[0], np.e - 1)
assert pd.read_csv(io.StringIO("a,b\\n1,x\\n2,y\\n")).a.sum() == 3
image = Image.radial_gradient("L").resize((64, 48)).convert("RGB")
def saved(form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    again = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    return again.size == image.size and np.abs(np.asarray(again) - np.asarray(image, int)).mean()
for way in ("tiff_lzw", "tiff_deflate", "lzma", "zstd"):
    assert saved("tiff", compression=way) == 0, way
assert saved("png") == saved("webp", lossless=True) == 0
assert all(saved(form) < 5 for form in ("jpeg", "jpeg2000", "webp", "avif"))
try: Image.open(io.BytesIO(b"\\xff\\xd8\\xff\\xe0" + b"x" * 200)).load()  # by longjmp
except OSError: pass
else: raise AssertionError
lab = ImageCms.buildTransform(*map(ImageCms.createProfile, ("sRGB", "LAB")), "RGB", "LAB")
assert ImageCms.applyTransform(image, lab).mode == "LAB"
figure, axes = plt.subplots()
axes.set_title("text $x^2$")
file = io.BytesIO()
figure.savefig(file, format="png")
assert len(set(Image.open(file).convert("L").tobytes())) > 50
assert any("scipy" in pool["filepath"] for pool in threadpoolctl.threadpool_info())
libraries = {line.split()[-1] for line in open("/proc/self/maps") if ".libs/" in line}
print(sorted({path.rpartition("/")[2].partition("-")[0] for path in libraries}))
"""
    options = ("--rm", "--read-only", "--network=none", "--cap-drop=all", "--env=MPLBACKEND=agg")
    told = podman("run", *options, DERIVED, "python", "-c", program)[1]
    assert told == "['libavif', 'libgfortran', 'libquadmath', 'libscipy_openblas']\n"


def test_one_that_is_an_sdist_alone_with_a_file_of_data(podman: Podman) -> None:
    told = podman.script(
        "python -m hpcpy_bake --wheelhouse /wheels source >/dev/null;"
        "python -c 'import source; print(source.__spec__.loader.offset > 0, source.told())'"
    )
    assert told == "True from a file\n\n"


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ("-r /wheels/wrong.txt", 65, ("plain-1.0-py3-none-any.whl", "0" * 64)),
        ("-r /wheels/half.txt", 2, ("older==1.0",)),
        ("plain==2.0 older", 69, ("older 1.0 depends on plain<2", "plain==2.0")),
        ("newer", 69, ("newer 1.0 depends on numpy>=99", "the image has numpy")),
        ("'numpy>=99'", 69, ("numpy>=99", "the image has numpy")),
        ("nowhere", 69, ("nowhere",)),
        ("rude", 69, ("tqdm/__init__.py", "already")),
    ],
)
def test_what_cannot_be_baked_is_one_line_and_leaves_nothing(
    podman: Podman, asked: str, code: int, says: tuple[str, ...]
) -> None:
    told = podman.script(
        f"python -c '{SEEN}' >/tmp/before; code=0;"
        f"python -m hpcpy_bake --wheelhouse /wheels {asked} >/dev/null 2>/tmp/said || code=$?;"
        f"python -c '{SEEN}' >/tmp/after; diff /tmp/before /tmp/after; echo $code; cat /tmp/said"
    )
    ended, *said = told.splitlines()
    assert int(ended) == code, told
    assert len(said) == 1, told
    assert said[0].startswith("hpcpy_bake: ")
    for words in says:
        assert words in said[0]


def test_a_user_who_may_not_write_is_told_where_to_bake(podman: Podman) -> None:
    words = ("run", "--rm", "--network=none", "hpcpy", "python", "-m", "hpcpy_bake", "plain")
    code, _, said = podman(*words, code=None)
    assert code == 73
    assert "USER 0" in said
    assert said.count("\n") == 1


@pytest.mark.long
def test_the_same_bytes_from_the_same_requirements(podman: Podman) -> None:
    bake = "SOURCE_DATE_EPOCH=1700000000 python -m hpcpy_bake --wheelhouse /wheels -r /wheels/{}"
    script = (
        f"{bake.format('small.txt')} >/dev/null;"
        "cd /opt/hpcpy/lib/python3.*/; find hpcpy_baked -type f | sort | xargs sha256sum;"
        "stat -c %Y hpcpy_baked/../site-packages site-packages/plain/part.py"
    )
    (podman.folder / "small.txt").write_text("plain==1.0\nmarkupsafe\nkiwisolver\nbiopython\n")
    first, second = podman.script(script), podman.script(script)
    assert first == second
    assert "small-" in first
    assert first.splitlines()[-2:] == ["1700000000"] * 2


def test_baking_again_adds_upgrades_and_takes_out(podman: Podman) -> None:
    bake = "python -m hpcpy_bake --wheelhouse /wheels"
    told = podman.script(
        f"{bake} plain==1.0 >/dev/null; {bake} source >/dev/null;"
        "python -c 'import plain, source; print(plain.VALUE, plain.__spec__.loader.offset > 0)';"
        f"{bake} plain==2.0 >/dev/null;"
        "python -c 'import plain; print(plain.VALUE, plain.__spec__.loader.offset > 0)';"
        "test ! -e /opt/hpcpy/lib/python3.*/site-packages/plain/part.py;"
        "python -m hpcpy_bake --list; python -m hpcpy_bake --lock;"
        f"python -m pip uninstall -qqy plain; {bake} >/dev/null; python -m hpcpy_bake --list;"
        "python -c 'import plain' 2>&1 | tail -1"
    )
    lines = told.splitlines()
    assert lines[:2] == ["1 True", "2 True"]
    assert [line.split()[:3] for line in lines[2:4]] == [
        ["plain", "2.0", "1"],
        ["source", "1.0", "1"],
    ]
    pins = [
        digest(podman.folder / name) for name in ("plain-2.0-py3-none-any.whl", "source-1.0.tar.gz")
    ]
    assert lines[4:6] == [
        f"plain==2.0 --hash=sha256:{pins[0]}",
        f"source==1.0 --hash=sha256:{pins[1]}",
    ]
    assert [line.split()[0] for line in lines[6:]] == ["source", "ModuleNotFoundError:"]


def test_what_pip_installs_over_a_baked_package_wins(podman: Podman) -> None:
    told = podman.script(
        "python -m hpcpy_bake --wheelhouse /wheels plain==1.0 source >/dev/null;"
        "python -m pip install -q --root-user-action=ignore --no-index -f /wheels plain==2.0;"
        "python -c 'import plain, source; print(plain.VALUE, source.told(), end=\"\")';"
        "python -c 'import importlib.metadata as m; print(m.version(\"plain\"))'"
    )
    assert told == "2 from a file\n2.0\n"


def test_it_yields_to_a_venv_and_to_what_is_preferred(podman: Podman) -> None:
    told = podman.script(
        "python -m hpcpy_bake --wheelhouse /wheels plain==1.0 >/dev/null;"
        "python -m venv --system-site-packages /tmp/own; python -m venv /tmp/bare;"
        "/tmp/own/bin/python -m pip install -q --no-index -f /wheels plain==2.0;"
        "/tmp/own/bin/python -c 'import plain; print(plain.VALUE)';"
        "/tmp/bare/bin/python -c 'import plain' 2>&1 | tail -1;"
        "python -m pip install -q --no-index -f /wheels --target /tmp/there plain==2.0;"
        "export PYTHONPATH=/tmp/there; python -c 'import plain; print(plain.VALUE)';"
        "HPCPY_PREFER=plain python -c 'import plain; print(plain.VALUE)'"
    )
    assert told == "2\nModuleNotFoundError: No module named 'plain'\n1\n2\n"
