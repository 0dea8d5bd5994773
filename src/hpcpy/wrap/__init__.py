"""An image under names that other programs start: module files, Jupyter kernels."""

from hpcpy.launch.meanings import LAUNCH

# The settings of the two commands, and what they mean.
MODULEFILE = {
    "IMAGE": "the SIF (the site's, else build/hpcpy.sif)",
    "SITE": LAUNCH["SITE"],
    "TO": "the folder of the files (build/modules)",
    "NAME": "what users load (hpcpy)",
    "VERSION": "its version (this checkout's)",
}
KERNELSPEC = {
    "IMAGE": LAUNCH["IMAGE"],
    "SITE": LAUNCH["SITE"],
    "ENGINE": "apptainer, podman-hpc, shifter or podman (the site's)",
    "GPUS": "1: mount the host's NVIDIA driver",
    "TO": "the folder of kernels (Jupyter's own for this user)",
    "NAME": "the kernel's folder (hpcpy)",
    "TITLE": "its name in Jupyter (Python (hpcpy))",
}
