"""Which functions of the executable are watched, to link those of a start side by side."""

from __future__ import annotations

from start_functions import functions

LINES = [
    "400000 crt1 _start",
    "401000 libpython.a(ceval.o) _PyEval_EvalFrameDefault",
    "402000 main.c hpcpy_main",
    "403000 libcrypto.a(aes-x86_64.o) AES_encrypt",
    "404000 libstdc++.a(locale.o) _ZNSt6localeC1Ev",
    "405000 libstdc++.a(ostream.o) _ZTVSo",
    "406000 numpy.linalg._umath_linalg DOUBLE_det",
    "407000",
]


def test_functions_with_a_section_of_their_own_are_watched() -> None:
    assert functions(LINES) == {
        0x401000: "_PyEval_EvalFrameDefault",
        0x402000: "hpcpy_main",
        0x404000: "_ZNSt6localeC2Ev",
        0x406000: "DOUBLE_det",
    }
