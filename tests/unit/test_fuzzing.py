"""What `make fuzz` runs and says, and that a fuzzer sees what a sanitizer finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing import Driver, compiled, text

from hpcpy.commands import run
from hpcpy.errors import UsageError
from hpcpy.testing import fuzz

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


def test_rounds_have_seeds_of_their_own_until_one_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds: list[int] = []

    def one(_: Path, seed: int) -> tuple[int, dict[str, int]]:
        seeds.append(seed)
        return int(len(seeds) == 3), {"places": 1_000, "threads": 234}

    monkeypatch.setattr(fuzz, "ensure_venv", lambda: Path("venv"))
    monkeypatch.setattr(fuzz, "_round", one)
    assert run(["fuzz"]) == 1
    assert len({*seeds}) == 3
    said = capsys.readouterr()
    assert f"round 2: seed {seeds[1]}, 1,234 cases\n" in said.out
    assert f"--hypothesis-seed={seeds[2]} tests/unit/test_fuzz_*.py" in said.err


def test_a_time_below_a_minute_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one is needed"):
        run(["fuzz", "--minutes=0"])
