"""The workloads there are; adding one is a folder and a line here."""

from __future__ import annotations

# name -> (module with `main(arguments) -> exit code`, what it computes)
WORKLOADS = {
    "mandel": ("workloads.mandel.command", "escape times of the Mandelbrot set, exact to the bit"),
    "pi": ("workloads.pi.command", "pi by counting random points: the GIL, and who is free of it"),
}
