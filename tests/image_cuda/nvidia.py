"""NVIDIA's files in the image, by the image's own table."""

import site
import tomllib
from pathlib import Path

SITE = Path(site.getsitepackages()[0])
LICENCES = Path("/opt/hpcpy/share/licenses/nvidia-cuda")
TABLE = tomllib.loads((LICENCES / "files.toml").read_text())
COMPONENTS = TABLE["components"]
FILES = sorted(name for one in COMPONENTS.values() for name in one["files"])
BROUGHT = sorted(name for one in TABLE["brought"].values() for name in one["files"])
# From the oldest that a centre still has to the newest that these libraries know.
ARCHITECTURES = ((7, 0), (7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (12, 0))
# By cuda-pathfinder's names.
LIBRARIES = {
    "cudart": "libcudart.so.12",
    "nvrtc": "libnvrtc.so.12",
    "nvvm": "libnvvm.so",
    "nvJitLink": "libnvJitLink.so.12",
    "cublas": "libcublas.so.12",
    "cublasLt": "libcublasLt.so.12",
    "cusolver": "libcusolver.so.11",
    "cusparse": "libcusparse.so.12",
    "cufft": "libcufft.so.11",
    "curand": "libcurand.so.10",
}
