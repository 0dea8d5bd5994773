"""Without a GPU, the doctor reports that, and which of OpenCL's drivers work."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from workloads.harness.cuda import no_device

pytestmark = pytest.mark.skipif(not no_device(), reason="this machine has a CUDA device")


def test_it_tells_of_each_driver_and_of_no_gpu() -> None:
    words = ["-m", "workloads", "doctor", "--only", "gpu,opencl", "--json"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["gpu.devices"]["value"] == 0
    assert found["opencl.drivers"]["value"] == ["pocl.icd"]
    assert found["opencl.drivers"]["status"] == "ok"
    said = found["opencl.drivers"]["detail"]
    assert "amdocl64.icd, nvidia.icd does not: no such library in here" in said
    assert found["opencl.devices"]["value"] == ["Portable Computing Language"]
