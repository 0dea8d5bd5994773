/* What `python -m store` wrote; assemble with -Wa,-I,FOLDER. */

        .section .rodata
        .global hpcpy_files
        .balign 64
hpcpy_files:
        .incbin "files.store"

        .section .note.GNU-stack, "", @progbits
