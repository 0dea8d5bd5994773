"""What a start of Python asks of the file system, and how long it takes."""
