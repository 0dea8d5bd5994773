"""Python's loops, value by value; a text file for each array."""

from __future__ import annotations

from pathlib import Path

from workloads.write.definition import Series


def text(series: Series, folder: Path) -> None:
    """Write pure Python's numbers, as savetxt lays them out."""
    # 18 digits after the point, savetxt's default: 16 are enough to read the same
    # double again.
    line = " ".join(["%.18e"] * series.s) + "\n"
    for t in range(series.n):
        with (folder / f"array-{t:06d}.txt").open("w") as file:
            for y in series.y:
                file.write(line % tuple(series.row(t, y)))


if __name__ == "__main__":
    text(Series(15, 100), Path.cwd())
