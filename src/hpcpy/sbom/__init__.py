"""Make an image's SBOM, its software bill of materials, in the image, as the build's last step.

``python3 -m hpcpy.sbom PINS OUT`` compares what the image holds with the pins
that the host has written for it (`hpcpy.build.sbom_pins`), and writes both as
one SPDX document.  The image's own Python runs it, with nothing of hpcpy but this folder.
"""
