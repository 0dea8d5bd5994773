"""The SBOM of an image, its software bill of materials, made in it by its build's last step.

``python3 -m hpcpy.sbom PINS OUT`` compares what the image holds with the pins
that the host has written down for it (`hpcpy.build.sbom_pins`), and writes both as
one SPDX document.  It is run by the image's own Python, with nothing of hpcpy
but this folder.
"""
