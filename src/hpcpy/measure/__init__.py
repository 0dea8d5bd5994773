"""What a start of Python asks of the file system and takes, and what a container costs."""
