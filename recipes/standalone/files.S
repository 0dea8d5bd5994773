/* The library's files in the executable: files.py.  Their pages are read when a file is. */

        .section .hpcpy_files, "a", @progbits
        .globl hpcpy_files
        .globl hpcpy_files_end
hpcpy_files:
        .incbin "files.pack"
hpcpy_files_end:

        .section .note.GNU-stack, "", @progbits
