"""How evenly rows are shared out, against sums made by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workloads.__main__ import main
from workloads.mandel.sharing import balance_of

WINDOW = ["--window", "-2", "0.5", "-1.25", "1.25", "--size", "31", "17", "--maxiter", "60"]


def mandel(*arguments: Any) -> Any:
    return main(["mandel", *map(str, arguments)])


def shares(*parts: list[int], workers: int) -> Any:
    (row,) = balance_of([np.array(tests) for tests in parts], 10, [workers])["balance"]
    assert row.pop("workers") == workers
    return row


def test_small_cases_are_those_made_by_hand() -> None:
    # Of 20 tests: 1 + 3 + 9 | 5 + 2; 1 + 9 + 2 | 3 + 5. The queue deals out row by row to
    # whoever has the fewest: 1 + 9 | 3 + 5 + 2.
    rows = [1, 3, 9, 5, 2]
    expected = {"block": 20 / (2 * 13), "cyclic": 20 / (2 * 12), "queue": 20 / (2 * 10)}
    assert shares(rows, workers=2) == expected
    # 1 + 3 | 9 + 5 | 2; 1 + 5 | 3 + 2 | 9; the queue as well.
    expected = {"block": 20 / (3 * 14), "cyclic": 20 / (3 * 9), "queue": 20 / (3 * 9)}
    assert shares(rows, workers=3) == expected
    assert shares(rows, workers=1) == dict.fromkeys(("block", "cyclic", "queue"), 1.0)
    # Two of seven have nothing.
    assert shares(rows, workers=7) == dict.fromkeys(("block", "cyclic", "queue"), 20 / 63)


def test_a_sample_of_rows_has_no_balance(capsys: pytest.CaptureFixture[str]) -> None:
    assert mandel("--area", "area2", "--impl", "python", "--balance", 2) == 2
    assert "--balance: python would compute a sample of area2" in capsys.readouterr().err
    assert mandel(*WINDOW, "--balance", "0") == 2
