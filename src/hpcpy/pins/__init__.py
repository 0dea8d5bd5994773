"""What goes in: the pins of ``env/`` as typed values."""
