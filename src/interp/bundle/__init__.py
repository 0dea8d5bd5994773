"""Build the bundle: every module of the interpreter, compiled, in one file."""
