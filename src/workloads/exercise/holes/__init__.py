"""The files that a class is given; each function raises until its hole is filled."""
