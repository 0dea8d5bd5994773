/* MPI's functions, each a jump through a slot that mpi.c fills, and its data.
   mpi_names.h, made by `python -m stubs`, says which:

   FUNCTION(name)    names itself and aborts while there is no library
   QUESTION(name)    answers no while there is no library
   DATA(name, size)  bytes, copied from the library */

        /* struct hpcpy_mpi_function: name, target.  The slot has a name of its
           own, which mpi4py's patch tests. */
        .macro slot name, target
        .section .data.hpcpy_mpi, "aw", %progbits
        .quad 1f
        .globl hpcpy_mpi_slot_\name
hpcpy_mpi_slot_\name:
        .quad \target
        .section .rodata.str1.1, "aMS", %progbits, 1
1:      .asciz "\name"
        .text
        .balign 16
        .globl \name
        .type \name, %function
\name:
        .cfi_startproc
#if defined(__x86_64__)
        jmp *hpcpy_mpi_slot_\name(%rip)
#elif defined(__aarch64__)
        adrp x16, hpcpy_mpi_slot_\name
        ldr x16, [x16, #:lo12:hpcpy_mpi_slot_\name]
        br x16
#else
#error "mpi_stubs.S: no jump is written for this architecture"
#endif
        .cfi_endproc
        .size \name, . - \name
        .endm

        .macro function name
        slot \name, 2f
2:      .cfi_startproc
#if defined(__x86_64__)
        leaq 1b(%rip), %rdi
        jmp hpcpy_mpi_no_library
#elif defined(__aarch64__)
        adrp x0, 1b
        add x0, x0, #:lo12:1b
        b hpcpy_mpi_no_library
#endif
        .cfi_endproc
        .endm

        /* struct hpcpy_mpi_data: name, place, size */
        .macro data name, size
        .section .rodata.hpcpy_mpi, "a", %progbits
        .quad 1f, \name, \size
        .section .rodata.str1.1, "aMS", %progbits, 1
1:      .asciz "\name"
        .bss
        .balign 8
        .globl \name
        .type \name, %object
\name:
        .zero \size
        .size \name, . - \name
        .endm

        .section .data.hpcpy_mpi, "aw", %progbits
        .balign 8
        .globl hpcpy_mpi_functions
hpcpy_mpi_functions:
        .section .rodata.hpcpy_mpi, "a", %progbits
        .balign 8
        .globl hpcpy_mpi_data
hpcpy_mpi_data:

#define FUNCTION(name) function name
#define QUESTION(name) slot name, hpcpy_mpi_answer_no
#define DATA(name, size) data name, size
#include "mpi_names.h"

        /* Both end with an entry without a name. */
        .section .data.hpcpy_mpi, "aw", %progbits
        .quad 0, 0
        .section .rodata.hpcpy_mpi, "a", %progbits
        .quad 0, 0, 0

        .section .note.GNU-stack, "", %progbits
