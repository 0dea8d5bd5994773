"""An image under names that other programs start: module files, Jupyter kernels."""

# The settings of the two commands.
MODULEFILE = ("IMAGE", "SITE", "TO", "NAME", "VERSION")
KERNELSPEC = ("IMAGE", "SITE", "ENGINE", "GPUS", "TO", "NAME", "TITLE")
