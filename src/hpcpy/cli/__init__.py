"""The commands of ``./hpcpy``, and make's variables as their arguments."""
