"""What starting Python costs here: system calls, files, bytes, milliseconds of each import."""
