/* What the builder's headers call in place of the functions of C99. */

        .text
        .macro same new, old
        .globl \new
        .hidden \new
        .type \new, @function
\new:
#ifdef __x86_64__
        endbr64
        jmp \old@PLT
#else
        bti c
        b \old
#endif
        .size \new, . - \new
        .endm

        same __isoc23_fscanf, __isoc99_fscanf
        same __isoc23_sscanf, __isoc99_sscanf
        same __isoc23_strtoimax, strtoimax
        same __isoc23_strtol, strtol
        same __isoc23_strtoll, strtoll
        same __isoc23_strtoul, strtoul
        same __isoc23_strtoull, strtoull
        same __isoc23_wcstol, wcstol

        .section .note.GNU-stack, "", @progbits
