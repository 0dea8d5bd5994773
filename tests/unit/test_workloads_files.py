"""Result files, whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workloads.bench import files


class TestWholeFile:
    def test_a_failure_leaves_the_old_file_and_nothing_else(self, tmp_path: Path) -> None:
        path = tmp_path / "m.png"
        path.write_text("old")
        with pytest.raises(KeyboardInterrupt):
            self.write(path, KeyboardInterrupt())
        assert path.read_text() == "old"
        assert [*tmp_path.iterdir()] == [path]

    @staticmethod
    def write(path: Path, failure: Any) -> None:
        with files.whole_file(path) as temporary:
            temporary.write_text("half")
            raise failure
