"""Make an image's SBOM, its software bill of materials, in the image, as the build's last step.

``python3 -m hpcpy.sbom PINS OUT`` compares what the image holds with the pins
that the host has written for it (`hpcpy.sbom.expected`), and writes both as
one SPDX document.  The image's own Python runs it, with nothing of hpcpy
but this folder, less what only the host runs of it (`expected`, and `command` for `hpcpy sbom`).
"""
