"""What an exercise is: a slide, a task, a file with a hole, and a solution."""

from __future__ import annotations

from dataclasses import dataclass

_HEADER = '''\
"""Exercise {name}: {summary}"""

# It belongs to: python -m workloads talk {slide}
#
# Task: fill the hole in {function}.
#
{task}
#
# A hint:   python -m workloads exercise {name} --hint
# Check it: python -m workloads exercise {name} --check THIS_FILE

from __future__ import annotations

'''


@dataclass(frozen=True)
class Exercise:
    """A task for a class."""

    summary: str
    slide: str  # talk and number, as `python -m workloads talk` takes them
    task: str
    given: str  # the student's file: code with one line that raises NotImplementedError
    solution: str  # the lines that take the place of that one
    hint: str
    function: str = "compute"  # what the student's file must have
    needs: tuple[str, ...] = ("numpy",)
    ranks: tuple[int, ...] = ()  # the numbers of MPI ranks to check on; none: a plain process

    def text(self, name: str, *, solved: bool = False) -> str:
        """Return the file, with the hole or with the solution in its place."""
        task = "\n".join(f"# {line}".rstrip() for line in self.task.strip().splitlines())
        text = _HEADER.format(name=name, **{**vars(self), "task": task}) + self.given.lstrip()
        (hole,) = [line for line in text.splitlines(True) if "raise NotImplementedError" in line]
        return text.replace(hole, self.solution.lstrip("\n")) if solved else text
