"""What goes in: the pins of ``env/`` as typed values.

`hpcpy.pins.sources`, `hpcpy.pins.wheels` and `hpcpy.pins.debian` each read one
kind of them; `hpcpy.pins.model` says what a pin is.
"""
