"""A fuzzer sees what a sanitizer finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import Driver, compiled, text

BROKEN = """
#include "driver.h"
static void one_case(void)
{
    if (field[0][0] == 'b') {
        answer("%d", field[0][field_size[0]]);
    } else if (field[0][0] == 'o') {
        answer("%d", 2147483647 + (int)field_size[0]);
    } else if (field[0][0] == 'l') {
        answer("%p", malloc(9));
    }
    answer("well");
}
"""


@pytest.mark.parametrize(
    ("case", "said"),
    [("beyond", "heap-buffer-overflow"), ("overflow", "signed integer overflow")],
)
def test_what_a_sanitizer_finds_fails_and_the_next_case_goes_on(
    tmp_path: Path, case: str, said: str
) -> None:
    (tmp_path / "main.c").write_text(BROKEN)
    driver = Driver(compiled(tmp_path / "main", tmp_path / "main.c"))
    assert driver.ask(text("x")) == b"well\n"
    with pytest.raises(pytest.fail.Exception, match=said):
        driver.ask(text(case))
    assert driver.ask(text("x")) == b"well\n"
    driver.end()


def test_what_is_leaked_fails_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(BROKEN)
    driver = Driver(compiled(tmp_path / "main", tmp_path / "main.c"))
    assert driver.ask(text("leak")).endswith(b"well\n")
    with pytest.raises(pytest.fail.Exception, match="9 byte"):
        driver.end()
