"""Checks of an hpcpy image for ReFrame: what a centre runs after each maintenance.

Counts, hashes and sums are asserted. Times are recorded; a centre adds limits in
references.yaml (docs/reference/reframe.md). This folder needs ReFrame and nothing else of hpcpy.
"""

import json
import os
import shlex
from pathlib import Path

import reframe as rfm
import reframe.utility.typecheck as typ
from reframe.core.builtins import run_after, run_before, sanity_function, variable
from reframe.core.exceptions import ReframeError, SanityError
from reframe.utility.sanity import evaluate, make_performance_function

# These are copies: tests/unit/test_checkout.py compares them.
# The most path calls, off-node path calls and directory listings of a start.
START_BOUNDS = {"pass": (8, 1, 0), "numpy": (10, 2, 0)}
MANDEL = {
    "area1": "ce229c1440eafdcc4dd464b8667f31e0b7eea5ba24717ae2868e4bc3b1517dfe",
    "area2": "641cee98245c7d24850cf7364ad18c4c9a0d73d8a1b48d4505d93cbe2655b192",
}
ARRAYS = "fe9b93ef9cbf19f4895f2bc753cd21d7be111981c29b48e68bba9593ced44a3c"


class _Check(rfm.RunOnlyRegressionTest):
    """What all checks share: a command in the image that prints JSON.

    A check says what is wrong with that JSON (`complaints`), and which figures
    of it ReFrame records (`figures`).
    """

    image = variable(str, value=os.environ.get("HPCPY_SIF", "hpcpy.sif"))
    # Of the checks with several ranks, where the launcher is not that of one machine.
    nodes = variable(int, value=2)
    ranks_per_node = variable(int, value=2)
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    time_limit = "10m"
    tags = {"hpcpy", "maintenance"}
    reference = {"$ref": "references.yaml"}

    @run_after("init")
    def describe(self):
        """Have ReFrame list what the class says of itself."""
        self.descr = self.__doc__

    def in_image(self, *words, image=""):
        """Set the command, for one process."""
        platform = self.container_platform
        platform.image = _image(image or self.image, platform.name)
        platform.command = shlex.join(["python", *words])

    def on_ranks(self, *words):
        """Set the command, for the ranks of all nodes."""
        self.in_image(*words)
        if self.is_on_one_machine():
            # No launcher outside: the image's own starts all ranks in one container.
            count = self.nodes * self.ranks_per_node
            command = self.container_platform.command
            self.container_platform.command = f"mpiexec -n {count} {command}"
            return
        self.num_tasks = self.nodes * self.ranks_per_node
        self.num_tasks_per_node = self.ranks_per_node
        self.num_cpus_per_task = 1
        if self.container_platform.name == "Apptainer" and self.ranks_per_node > 1:
            # One mount of the image a node; MPI's ranks have to see each other's memory.
            self.container_platform.options.append("--sharens")

    def is_on_one_machine(self):
        """Tell whether ReFrame starts the command without a launcher."""
        return self.current_partition.launcher_type.registered_name == "local"

    def complaints(self, report):
        """Give a line for each thing that is wrong."""
        raise NotImplementedError

    def figures(self, report):
        """Give name, value and unit of what is recorded."""
        raise NotImplementedError

    def _report(self):
        said, complained = (
            Path(self.stagedir, evaluate(name)).read_text() for name in (self.stdout, self.stderr)
        )
        try:
            # A site's own lines may come before.
            return json.JSONDecoder().raw_decode(said, said.index("{"))[0]
        except ValueError:
            last = " / ".join(complained.splitlines()[-20:])
            raise SanityError(f"the command printed no JSON; stderr ends: {last}") from None

    @sanity_function
    def assert_answers(self):
        """Fail with all that is wrong."""
        if found := list(self.complaints(self._report())):
            raise SanityError("; ".join(found))
        return True

    @run_before("performance")
    def record_figures(self):
        """Have ReFrame record the figures."""
        if self.is_dry_run():
            return
        self.perf_variables = {
            name: make_performance_function(float, unit, value)
            for name, value, unit in self.figures(self._report())
        }


def _image(name, platform):
    """Return an image as a job's script names it."""
    if "://" in name or platform not in ("Apptainer", "Singularity"):
        return name  # a registry's
    path = Path(name).absolute()
    if not path.is_file():
        raise ReframeError(
            f"{path}: no such image; name it by HPCPY_SIF or -S image=FILE,"
            " that for GPUs by HPCPY_CUDA_SIF or -S cuda_image=FILE"
        )
    return shlex.quote(str(path))


def _wrong_hashes(results, expected):
    """Give a line for each result of a workload that is not the expected one."""
    for result in results:
        problem, answer = result["problem"], result["answer"]
        if answer != expected[problem]:
            yield f"{result['impl']}, {problem}: sha256 {answer}, not {expected[problem]}"
    if missing := expected.keys() - {result["problem"] for result in results}:
        yield f"no result of {', '.join(sorted(missing))}"


@rfm.simple_test
class HpcpyStart(_Check):
    """A start of Python asks the file system for next to nothing."""

    @run_after("setup")
    def set_command(self):
        """Count the calls of two starts, and time them."""
        what = ["--impl=strace,spawn", f"--case={','.join(START_BOUNDS)}", "--repeat=5"]
        self.in_image("-m", "workloads", "startup", *what, "--json=-")

    def complaints(self, report):
        counted = {one["problem"]: one for one in report["results"] if one["impl"] == "strace"}
        for case, bounds in START_BOUNDS.items():
            counts = counted[case]["details"][-1] if case in counted else {}
            for kind, bound in zip(("path_calls", "off_node", "getdents"), bounds, strict=True):
                if (count := counts.get(kind)) is None:
                    yield f"{case}: {kind} were not counted"
                elif count > bound:
                    yield f"{case}: {count} {kind}, at most {bound}"

    def figures(self, report):
        for one in report["results"]:
            if one["impl"] == "strace":
                yield f"{one['problem']}_path_calls", one["details"][-1]["path_calls"], "calls"
            else:
                yield f"{one['problem']}_wall", 1000 * min(one["samples"]), "ms"


@rfm.simple_test
class HpcpyMandel(_Check):
    """The fastest technique of this processor computes the stored answer."""

    @run_after("setup")
    def set_command(self):
        """Compute both areas."""
        self.in_image("-m", "workloads", "mandel", "--json=-")

    def complaints(self, report):
        return _wrong_hashes(report["results"], MANDEL)

    def figures(self, report):
        for one in report["results"]:
            yield f"{one['problem']}_wall", min(one["samples"]), "s"


@rfm.simple_test
class HpcpyReduce(_Check):
    """All ranks of all nodes see each other, and their sum is right."""

    @run_after("setup")
    def set_command(self):
        """Start the ranks below the preflight, which ends them with one line if one is alone."""
        self.on_ranks("-m", "hpcpy_job", "preflight", "reduce.py")

    def complaints(self, report):
        nodes = 1 if self.is_on_one_machine() else self.nodes
        ranks = self.nodes * self.ranks_per_node
        expected = {"ranks": ranks, "nodes": nodes, "sum": ranks * (ranks - 1) // 2}
        expected["agreeing"] = ranks
        for name, value in expected.items():
            if report[name] != value:
                yield f"{name}: {report[name]}, not {value}"

    def figures(self, report):
        yield "allreduce_8MB", 1000 * report["seconds"], "ms"


@rfm.simple_test
class HpcpyParallelHdf5(_Check):
    """All ranks write one dataset by MPI-IO into the stage folder; it is read back."""

    @run_after("setup")
    def set_command(self):
        """Write into a folder of the stage, which is on a file system that all nodes share."""
        what = ["--impl=hdf5-parallel", "--out=arrays"]
        self.on_ranks("-m", "hpcpy_job", "preflight", "-m", "workloads", "write", *what, "--json=-")

    def complaints(self, report):
        results = report["results"]
        yield from _wrong_hashes(results, {"15 arrays 100×100": ARRAYS})
        for one in results:
            if one["workers"] != (ranks := self.nodes * self.ranks_per_node):
                yield f"{one['workers']} ranks wrote, not {ranks}"

    def figures(self, report):
        yield "write_wall", min(report["results"][0]["samples"]), "s"


@rfm.simple_test
class HpcpyGpu(_Check):
    """A GPU computes the stored answer, by CuPy and by numba-cuda."""

    valid_systems = ["+cuda"]
    cuda_image = variable(str, value=os.environ.get("HPCPY_CUDA_SIF", "hpcpy-cuda.sif"))
    num_gpus_per_node = 1

    @run_after("setup")
    def set_command(self):
        """Compute both areas on the first GPU."""
        what = ["--impl=cupy,numba-cuda", "--json=-"]
        self.in_image("-m", "workloads", "mandel", *what, image=self.cuda_image)
        if hasattr(self.container_platform, "with_cuda"):
            self.container_platform.with_cuda = True  # --nv

    def complaints(self, report):
        for technique in ("cupy", "numba-cuda"):
            results = [one for one in report["results"] if one["impl"] == technique]
            yield from _wrong_hashes(results, MANDEL)

    def figures(self, report):
        for one in report["results"]:
            yield f"{one['impl']}_{one['problem']}_wall", 1000 * min(one["samples"]), "ms"


@rfm.simple_test
class HpcpyDoctor(_Check):
    """The doctor finds nothing wrong on any node of the job."""

    # A site file of hpcpy: what its table [promises] names has to be there.
    site = variable(str, value="")
    # Whether a warning fails the check.
    strict = variable(typ.Bool, value=False)

    @run_after("setup")
    def set_command(self):
        """Examine each node once."""
        promises = ["--site=/hpcpy-site.toml"] if self.site else []
        self.on_ranks("-m", "hpcpy_job", "doctor", *promises, "--json")
        if self.site:
            mounted = (str(Path(self.site).absolute()), "/hpcpy-site.toml")
            self.container_platform.mount_points.append(mounted)

    def complaints(self, report):
        bad = {"fail", "warn"} if self.strict else {"fail"}
        for finding in report["findings"]:
            if finding["status"] in bad:
                where = ", ".join(finding["hosts"])
                yield f"{finding['name']} on {where}: {finding['detail']}"

    def figures(self, report):
        warnings = [one for one in report["findings"] if one["status"] == "warn"]
        yield "warnings", len(warnings), "findings"
