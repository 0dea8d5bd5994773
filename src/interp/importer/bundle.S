/* What `python -m bundle FOLDER` wrote; assemble with -Wa,-I,FOLDER. */

        .section .rodata
        .macro file symbol, name
        .global \symbol
        .global \symbol\()_end
        .balign 64
\symbol:
        .incbin "\name"
\symbol\()_end:
        .endm

        file hpcpy_modules, "modules.bundle"
        file hpcpy_folders, "folders.code"
        file hpcpy_memory, "memory.code"
        file hpcpy_path, "path.code"
        file hpcpy_importer, "importer.code"
        file hpcpy_encodings, "encodings.code"

        .section .note.GNU-stack, "", @progbits
