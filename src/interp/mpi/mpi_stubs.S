/* MPI's functions, each a jump through a slot that mpi.c fills, and its data.
   Each ABI has a set of its own, since HDF5 knows only MPICH's and must not get at
   another one's.  The lists are made by recipes/interpreter/stubs.py:

   FUNCTION(name)    prints its name and aborts while there is no library
   QUESTION(name)    answers no while there is no library
   DATA(name, size)  bytes, copied from the library
   HANDLE(name)      the address of the library's own variable

   In the sets other than MPICH's, a function's symbol is its name behind a prefix. */

        /* HpcpyMpiFunction: name, target.  The slot has a name of its own, which
           mpi4py's patch tests. */
        .macro slot name, symbol, target
        .section .data.hpcpy_mpi, "aw", %progbits
        .quad 1f
        .globl hpcpy_mpi_slot_\symbol
hpcpy_mpi_slot_\symbol:
        .quad \target
        .section .rodata.str1.1, "aMS", %progbits, 1
1:      .asciz "\name"
        .text
        .balign 16
        .globl \symbol
        .type \symbol, %function
\symbol:
        .cfi_startproc
#if defined(__x86_64__)
        jmp *hpcpy_mpi_slot_\symbol(%rip)
#elif defined(__aarch64__)
        bti c
        adrp x16, hpcpy_mpi_slot_\symbol
        ldr x16, [x16, :lo12:hpcpy_mpi_slot_\symbol]
        br x16
#endif
        .cfi_endproc
        .size \symbol, . - \symbol
        .endm

        .macro function name, symbol
        slot \name, \symbol, 2f
2:      .cfi_startproc
#if defined(__x86_64__)
        leaq 1b(%rip), %rdi
        jmp hpcpy_mpi_no_library
#elif defined(__aarch64__)
        bti j
        adrp x0, 1b
        add x0, x0, :lo12:1b
        b hpcpy_mpi_no_library
#endif
        .cfi_endproc
        .endm

        /* HpcpyMpiData: name, place, size */
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

        /* HpcpyMpiHandle: name, address */
        .macro handle name
        .section .data.hpcpy_mpi_handles, "aw", %progbits
        .quad 1f
        .globl hpcpy_mpi_handle_\name
hpcpy_mpi_handle_\name:
        .quad 0
        .section .rodata.str1.1, "aMS", %progbits, 1
1:      .asciz "\name"
        .endm

        /* Each table ends with an entry without a name. */
        .macro begin interface
        .section .data.hpcpy_mpi, "aw", %progbits
        .balign 8
        .globl hpcpy_\interface\()_functions
hpcpy_\interface\()_functions:
        .section .data.hpcpy_mpi_handles, "aw", %progbits
        .balign 8
        .globl hpcpy_\interface\()_handles
hpcpy_\interface\()_handles:
        .section .rodata.hpcpy_mpi, "a", %progbits
        .balign 8
        .globl hpcpy_\interface\()_data
hpcpy_\interface\()_data:
        .endm

        .macro end
        .section .data.hpcpy_mpi, "aw", %progbits
        .quad 0, 0
        .section .data.hpcpy_mpi_handles, "aw", %progbits
        .quad 0, 0
        .section .rodata.hpcpy_mpi, "a", %progbits
        .quad 0, 0, 0
        .endm

#define FUNCTION(name) function name, SYMBOL(name)
#define QUESTION(name) slot name, SYMBOL(name), hpcpy_mpi_answer_no
#define DATA(name, size) data name, size
#define HANDLE(name) handle name

#define SYMBOL(name) name
        begin mpich
#include "mpich_names.h"
        end
#undef SYMBOL
#define SYMBOL(name) openmpi_##name
        begin openmpi
#include "openmpi_names.h"
        end
#undef SYMBOL
#define SYMBOL(name) abi_##name
        begin abi
#include "abi_names.h"
        end

        .section .note.GNU-stack, "", %progbits
