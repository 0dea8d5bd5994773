"""The bill of materials of an image, made in it by the last step of its build.

``python3 -m hpcpy.bill PINS OUT`` compares what the image holds with the pins
that the host has written down for it (`hpcpy.build.bill`), and writes both as
one SPDX document.  It is run by the image's own Python, with nothing of hpcpy
but this folder.
"""
