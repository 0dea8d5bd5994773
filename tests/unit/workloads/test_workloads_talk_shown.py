"""What a talk shows of techniques: their code, cells to play with, pictures."""

import ast
import importlib.util
import json
from pathlib import Path

import pytest

from workloads.talk import notebook, page, slides
from workloads.talk.names import renamed
from workloads.talk.slides import Talk
from workloads.talk.source import definition, meanings, source

MODULE = """
import json
def pool(size): return [size]
def other(n): return json.dumps(n)
def computes(n: int, of=other):
    pool = [n]
    def inner(): return LIMIT
    return pool, inner
LIMIT = 3
"""


def test_the_code_of_a_technique_is_what_its_scope_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shown.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    text = source("shown", "computes")
    assert "def pool" not in text
    assert [line.split("(")[0] for line in text.splitlines() if line[:1].strip()] == [
        *("import json", "def other", "def computes", "LIMIT = 3"),
    ]


# What the slides teach: a student must see it, and not what starts it here.
IN_SIGHT = {
    ("pi.processes", "multiprocessing"): ("get_context(", "ProcessPoolExecutor(", "if __name__"),
    ("pi.processes", "dask"): ("Client(", "client.map(", "client.gather("),
    ("pi.processes", "mpi"): ("MPI.COMM_WORLD", "comm.reduce("),
    ("pi.threads", "threads"): ("Thread(", ".start()", ".join()"),
    ("pi.threads", "interpreters"): ("futures.InterpreterPoolExecutor(",),
    ("mandel.processes", "pool"): ("get_context(", "ProcessPoolExecutor(", "pool.map("),
    ("mandel.processes", "dask"): ("Client(", "client.submit("),
    ("mandel.mpi", "block"): ("MPI.COMM_WORLD", "comm.Scan(", "comm.Gatherv("),
    ("mandel.compiled", "threads"): ("ThreadPoolExecutor(", "pool.map("),
    ("mandel.foreign", "by_ctypes"): ("ctypes.CDLL(", ".argtypes", "void fill(", '"cc"'),
    ("mandel.foreign", "by_cffi"): ("ffi.cdef(", "ffi.dlopen(", "ffi.from_buffer("),
    ("linalg.cuda", "numba_cuda"): ("import cupy", "from numba import cuda", "@cuda.jit"),
    ("p2p.mpi", "Lower"): ("MPI.COMM_WORLD", ".send(", ".recv("),
    ("linalg.processes", "multiprocessing"): ("get_context(", "ProcessPoolExecutor("),
    ("write.numpy_", "npy"): ("np.save(",),
    ("write.processes", "pool_apply"): ("ProcessPoolExecutor(", "pool.submit("),
    ("write.processes", "pool_map"): ("ProcessPoolExecutor(", "if __name__"),
    ("write.processes", "by_queue"): (".Queue()", ".Process(", "numbers.get()", ".join()"),
    ("write.processes", "mpi_chunks"): ("MPI.COMM_WORLD", "comm.Send(", "comm.Recv("),
    ("write.processes", "mpi_scatter"): ("MPI.COMM_WORLD", "comm.Scatterv("),
    ("write.hdf5", "datasets"): ("h5py.File(", "create_dataset("),
    ("write.hdf5", "parallel"): ('driver="mpio"',),
}


@pytest.mark.parametrize("place", IN_SIGHT, ids="-".join)
def test_the_code_of_a_technique_has_the_librarys_calls(place: tuple[str, str]) -> None:
    text = source(f"workloads.{place[0]}", place[1])
    assert [call for call in IN_SIGHT[place] if call not in text] == []


@pytest.mark.parametrize(
    ("place", "technique", "lines"),
    [
        (("nih", 8), "f2py", ("subroutine fill(", "!f2py threadsafe")),
        (("nersc", 6), "cython-seeded", ("cdef ", "def count(")),
        (("nersc", 10), "sleep", ("cdef ", "def count(")),
    ],
    ids=["Fortran", "Cython", "Cython in threads"],
)
def test_a_kernel_stands_below_the_technique_that_calls_it(
    place: tuple[str, int], technique: str, lines: tuple[str, ...]
) -> None:
    name, number = place
    shown = notebook.codes(slides.talk(name).slides[number])
    (kernel,) = [code for code in shown if code.title.startswith(f"{technique}: its ")]
    assert [line for line in lines if line not in kernel.text] == []
    assert not kernel.timing


def _is_plain(cell: str) -> bool:
    """Return whether a cell is Python without IPython's words."""
    return cell[0] not in "!%" and "%timeit" not in cell


def _cells(name: str, folder: Path) -> list[str]:
    talk = slides.talk(name)
    notebook.write(folder / "talk.ipynb", name, talk, talk.slides)
    cells = json.loads((folder / "talk.ipynb").read_text())["cells"]
    return [each["source"] for each in cells if each["cell_type"] == "code"]


@pytest.mark.parametrize("name", slides.TALKS)
def test_no_cell_of_a_notebook_changes_what_another_has_defined(name: str, tmp_path: Path) -> None:
    defined: dict[str, str] = {}
    for cell in _cells(name, tmp_path):
        for node in ast.parse(cell).body if _is_plain(cell) else []:
            meanings = {}
            if isinstance(node, ast.FunctionDef):
                meanings = {node.name: ast.unparse(node)}
            elif isinstance(node, ast.ImportFrom):
                places = {each.asname or each.name: each.name for each in node.names}
                meanings = {one: f"{node.module}.{place}" for one, place in places.items()}
            for bound, place in meanings.items():
                meaning = definition(place) or place
                assert defined.setdefault(bound, meaning) == meaning, bound


@pytest.mark.parametrize("name", slides.TALKS)
def test_what_a_student_changes_in_a_cell_is_what_the_others_use(name: str, tmp_path: Path) -> None:
    # The cells after it imported the function again, or had it once more.
    defined: set[str] = set()
    for cell in filter(_is_plain, _cells(name, tmp_path)):
        # What is started anew imports its functions.
        for node in ast.parse(cell).body:
            bound = meanings(node).keys() if not isinstance(node, ast.Import) else set()
            assert not bound & defined, cell
            defined |= bound if isinstance(node, ast.FunctionDef) else set()
    assert len(defined) > 5


TEXTS = {
    "from a import b, values": "from a import b, values as v2",
    "from a import c as values": "from a import c as v2",
    "def values(): pass\nf(x, values())": "def v2(): pass\nf(x, v2())",
    '@values\ndef f():\n    """Return values."""': '@v2\ndef f():\n    """Return values."""',
    "x.values(values=values)": "x.values(values=v2)",
    "def f(values): return values": "def f(values): return values",
    "é = 1; values = é": "é = 1; v2 = é",
    "lambda workers: g(workers, values)": "lambda workers: g(workers, v2)",
}


@pytest.mark.parametrize(("text", "wanted"), TEXTS.items())
def test_a_name_is_renamed_in_all_its_uses_and_nowhere_else(text: str, wanted: str) -> None:
    assert renamed(text, "values", "v2") == wanted


def test_worker_processes_of_cells_are_forked_and_no_cell_has_a_main_program(
    tmp_path: Path,
) -> None:
    # A process that is started anew imports no function of a cell.
    cells = _cells("usc", tmp_path)
    assert sum('get_context("fork")' in cell for cell in cells) == 2
    assert not any("forkserver" in cell or "if __name__" in cell for cell in cells)
    assert sum("%timeit" in cell and "as workers:" in cell for cell in cells) == 3


@pytest.mark.parametrize("name", slides.TALKS)
def test_a_notebook_has_cells_to_play_with_and_a_plot(name: str, tmp_path: Path) -> None:
    cells = _cells(name, tmp_path)
    assert sum("%timeit" in cell for cell in cells) >= 3
    (plot,) = [cell for cell in cells if "plt.barh(" in cell]
    assert plot.count("lambda workers: ") >= 3
    assert "sleep" not in plot
    assert sum("plt.imshow(" in cell for cell in cells) == (name == "nih")
    for cell in cells:
        assert "noqa" not in cell
        # Numba has no place for it where no home folder can be written.
        assert "cache=True" not in cell
        # Types, of which none is imported, are for checkers.
        for node in ast.walk(ast.parse(cell if _is_plain(cell) else "")):
            if isinstance(node, ast.FunctionDef):
                assert node.returns is None
                assert all(each.annotation is None for each in node.args.args)


def test_a_page_without_matplotlib_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    talk = Talk("A talk", "", "4 cores", {})
    text = "\n".join(page.lines("mine", talk, []))
    assert "<p>No charts: Python has no module" in text
    assert "<img" not in text
