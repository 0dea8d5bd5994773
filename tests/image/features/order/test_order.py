"""What a start enters lies together in the executable."""

import ctypes
from pathlib import Path

# Exported, and entered by each start.
NAMES = (
    *("Py_InitializeFromConfig", "Py_RunMain", "Py_FinalizeEx", "PyInterpreterState_New"),
    *("PyType_Ready", "PyModule_FromDefAndSpec2", "PyImport_AddModuleRef", "PySys_SetObject"),
    *("PyDict_SetItem", "PyList_Append", "PyTuple_New", "PyLong_FromLong", "PyFrozenSet_New"),
    *("PyObject_SetAttr", "PyObject_GetAttr", "PyObject_Repr", "PyErr_Occurred"),
    *("PyUnicode_InternFromString", "PyUnicode_DecodeFSDefaultAndSize", "PyEval_EvalCode"),
    *("PyMarshal_ReadObjectFromString", "PyStructSequence_NewType", "PyMem_RawMalloc"),
)


def test_functions_that_each_start_enters_lie_side_by_side() -> None:
    found = sorted(
        ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0 for name in NAMES
    )
    tenth = len(found) // 10
    # 0.5 MB, where CPython's own order has them over 1.3; the outer ones stand before
    # a function of CPython's, or are not entered by what was traced.
    assert found[-1 - tenth] - found[tenth] < 800_000


def test_the_kernel_reads_ahead_again_once_python_has_started() -> None:
    lines = Path("/proc/self/smaps").read_text().splitlines()
    flags = [line.split() for line in lines if line.startswith("VmFlags:")]
    assert flags
    assert not [each for each in flags if "rr" in each]  # MADV_RANDOM
