"""The suites: where their tests come from and how they are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

STATIC, WHEELS = "static", "wheels"
# Where the unpacked tests lie in the container.
TESTS = "/upstream/tests"
# Which image of containers/images.toml stands for which.
IMAGES = {STATIC: "hpcpy", WHEELS: "wheels"}


@dataclass(frozen=True)
class Suite:
    """One package's tests.

    Attributes
    ----------
    name
        Short, for the command line.
    what
        What of the package's tests it is, for the documentation.
    source
        The name in ``env/sources.toml`` of the tarball that has the tests.
    members
        What of the tarball is unpacked, as tar's wildcards.
    strip
        How many leading folders of the names are dropped.
    targets
        What is run: paths below the unpacked tests, or regrtest's words.
    options
        Further words for the runner.
    runner
        ``pytest`` or ``regrtest``.
    ranks
        MPI ranks; none for a suite without MPI.
    workers
        Processes at once, where there are no ranks.
    images
        The images that can run it.
    deselected
        What is not run, a pattern of the runner's own, and why.
    environment
        Variables it wants.
    inside
        Whether the tests are modules of the package, `numpy.tests`.
    library
        A module whose shared object tests open by ctypes for its functions.
        Where the module is linked in, they get the wheel's shared object.
    copied
        Whether they get a copy that can be written, and run in it.
    stand_ins
        A folder of ``tests/upstream`` with helpers that the tarball lacks.
    seconds
        When to give up.
    """

    name: str
    what: str
    source: str
    members: tuple[str, ...]
    targets: tuple[str, ...]
    options: tuple[str, ...] = ()
    strip: int = 1
    runner: str = "pytest"
    ranks: int = 0
    workers: int = 2
    images: tuple[str, ...] = (STATIC, WHEELS)
    deselected: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    inside: bool = False
    library: str = ""
    copied: bool = False
    stand_ins: str = ""
    seconds: int = 3600


_LINKED_IN = "looks for the shared object of a module that is linked in"
_NOT_HASHED = "a name that the code image has is hashed when its hash is asked for, not before"


def _mpi(suite: Suite, ranks: int, *options: str, images: tuple[str, ...] = ()) -> Suite:
    return replace(
        suite,
        name=f"{suite.name}-{ranks}",
        what=f"{suite.what}; on {ranks} MPI rank{'s' if ranks > 1 else ''}",
        options=(*suite.options, *options),
        ranks=ranks,
        images=images or suite.images,
    )


_MPI4PY = Suite(
    name="mpi4py",
    what="all, without the arrays of CuPy and numba, as upstream's own runner by default",
    source="mpi4py",
    members=("*/test/*",),
    targets=("test",),
    environment={"HPCPY_UPSTREAM_HIDDEN": "cupy numba"},
    deselected={
        "test/test_doc.py::TestDoc::testDoc": (
            "goes through all attributes, and a module that is linked in has CPython's class of"
            " built-in modules for its loader"
        ),
        "test/test_package.py::TestMPIABI::testFinder": _LINKED_IN,
        "test/test_package.py::TestMPIABI::testGetFromLibMPI": _LINKED_IN,
        "test/test_package.py::TestMPIABI::testLibMPI": _LINKED_IN,
    },
)
_H5PY = Suite(
    name="h5py",
    what="all but what needs a network",
    source="h5py",
    members=("*/h5py/tests/*", "*/pytest.ini"),
    targets=("h5py",),
    options=("-c", f"{TESTS}/pytest.ini", "--no-network"),
    inside=True,
)
_NUMBA = Suite(
    name="numba-all",
    what="all but CUDA's, in some hours",
    source="numba",
    members=("*/numba/tests/*",),
    targets=("numba",),
    # numba compiles the tests' own assert statements, and a test looks at what
    # an exception that nobody can catch writes.
    options=("--assert=plain", "-p", "no:unraisableexception"),
    inside=True,
    library="numba._helperlib",
    # Caches lie beside the tests.
    copied=True,
    environment={
        # As it is by default elsewhere; tests write it.
        "HPCPY_NUMBA_CONFIG": ".numba_config.yaml",
        # As if it were not set, which both images' Python does: tests look for
        # caches beside their modules.
        "NUMBA_CACHE_DIR": "",
    },
    deselected={
        "numba/tests/test_tracing.py::test": "a helper with a test's name",
        "numba/tests/test_hashing.py::TestUnicodeHashing::test_hash_passthrough": _NOT_HASHED,
        "numba/tests/test_hashing.py::TestUnicodeHashing::test_hash_passthrough_call": _NOT_HASHED,
    },
    seconds=6 * 3600,
)
# Of each kind of what the static image does otherwise: modules linked in,
# source read for compilation, caches on disk, callbacks, threads, children.
_NUMBA_SLICE = (
    *("array_constants", "array_exprs", "caching", "cfunc", "cgutils", "cli", "closure", "config"),
    *("ctypes", "dictimpl", "dispatcher", "doctest", "entrypoints", "exceptions", "extending"),
    *("firstlinefinder", "gil", "hashing", "import", "jit_module", "jitclasses", "linalg"),
    *("mandelbrot", "npdatetime", "nrt", "num_threads", "numpyadapt", "object_mode"),
    *("parallel_backend", "parfors_caching", "pycc", "pythonapi", "random", "record_dtype"),
    *("serialize", "svml", "sys_monitoring", "sysinfo", "threadsafety", "tracing", "typeof"),
    *("ufuncs", "unicode", "usecases", "warnings"),
)
_BUNDLE = "modules come from the bundle, by its loader"
# What the static interpreter does otherwise on purpose (docs/interpreter.md).
_CPYTHON_OTHERWISE = {
    "test.test_site.ImportSideEffectTests.test_customization_modules_on_startup": (
        "a sitecustomize on the path is not run"
    ),
    "test.test_site._pthFileTests.test_underpth_*": "a ._pth file is not looked for",
    "test.test_venv.BasicTest.test_zippath_from_non_installed_posix": "no zip file is on the path",
    "test.test_cmd_line.CmdLineTest.test_dump_path_config": (
        "a PYTHONHOME without a library does not keep it from starting"
    ),
    "test.test_cmd_line.CmdLineTest.test_*_frozen_modules": _BUNDLE,
    "test.test_ctypes.test_values.PythonValuesTestCase.test_frozentable": (
        "four more modules are frozen"
    ),
    "test.test_bdb.StateTestCase.test_skip": "takes away all importers but CPython's own",
    "test.test_pydoc.test_pydoc.PydocImportTest.test_importfile": _BUNDLE,
    "test.test_pydoc.test_pydoc.PydocDocTest.test_synopsis_sourceless": "there is no bytecode file",
    "test.test_cmd_line_script.CmdLineTest.test_hint_when_triying_to_import_a_py_file": (
        "the bundle comes before the working directory"
    ),
}
_DOWNLOADS = "downloads a program"
_NOT_IN_SDIST = "reads a file that the source distribution does not have"
_ALL = (
    Suite(
        name="viztracer",
        what="all; the source distribution lacks their helpers and data, for which"
        " tests/upstream/viztracer stands in",
        source="viztracer",
        members=("*/tests/*",),
        targets=("tests",),
        # Some read a program's output for ever when it has ended.
        options=("--timeout=120",),
        stand_ins="viztracer",
        # Its tests share file names and port numbers.
        workers=0,
        copied=True,
        deselected={
            "tests/test_viewer.py::TestViewer::test_use_external_processor": _DOWNLOADS,
            "tests/test_viewer.py::TestViewer::test_external_processor_version": _DOWNLOADS,
            "tests/test_cmdline.py::TestCommandLineBasic::test_combine": _NOT_IN_SDIST,
            "tests/test_cmdline.py::TestCommandLineBasic::test_trace_self": _NOT_IN_SDIST,
            "tests/test_regression.py::TestIssue83": _NOT_IN_SDIST,
            "tests/test_regression.py::TestIssue160": _NOT_IN_SDIST,
            "tests/test_vizplugin.py::TestVizPlugin::test_cmdline": _NOT_IN_SDIST,
        },
    ),
    _H5PY,
    _mpi(_H5PY, 2, "--with-mpi", images=(STATIC,)),
    _mpi(_H5PY, 4, "--with-mpi", images=(STATIC,)),
    _mpi(_MPI4PY, 1),
    _mpi(_MPI4PY, 2),
    _mpi(_MPI4PY, 3),
    replace(
        _NUMBA,
        name="numba",
        what=f"the {len(_NUMBA_SLICE)} files named in src/hpcpy/upstream/suites.py",
        targets=tuple(f"numba/tests/test_{name}.py" for name in _NUMBA_SLICE),
    ),
    Suite(
        name="numpy",
        what="all, those marked as slow too",
        source="numpy",
        members=("*/numpy/*tests/*", "*/pytest.ini"),
        targets=("numpy",),
        options=("-c", f"{TESTS}/pytest.ini", "-p", "numpy.conftest"),
        inside=True,
        deselected={
            "numpy/tests/test_ctypeslib.py": _LINKED_IN,
            "numpy/tests/test_public_api.py::test_NPY_NO_EXPORT": _LINKED_IN,
        },
    ),
    Suite(
        name="cpython",
        what="regrtest, without what needs a network, a screen, sound or many gigabytes",
        source="python",
        members=("*/Lib/test/*",),
        strip=2,
        runner="regrtest",
        targets=(),
        options=("-W", "-u", "decimal,subprocess,curses", "--timeout", "900"),
        seconds=2 * 3600,
        deselected=_CPYTHON_OTHERWISE,
    ),
    _NUMBA,
)
SUITES = {suite.name: suite for suite in _ALL}
# What `make test-upstream` runs unasked.
DEFAULT = tuple(name for name in SUITES if name != _NUMBA.name)
