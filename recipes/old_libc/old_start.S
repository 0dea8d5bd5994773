/* _start for C libraries before 2.34, which take a program's initialisers from it. */

        .text
        .globl _start
        .type _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        endbr64
        xorl %ebp, %ebp
        /* __libc_start_main(main, argc, argv, init, fini, rtld_fini, stack_end) */
        movq %rdx, %r9
        popq %rsi
        movq %rsp, %rdx
        andq $-16, %rsp
        pushq %rax
        pushq %rsp
        leaq hpcpy_no_finish(%rip), %r8
        leaq hpcpy_initialise(%rip), %rcx
        movq main@GOTPCREL(%rip), %rdi
        call *__libc_start_main@GOTPCREL(%rip)
        hlt
        .cfi_endproc
        .size _start, . - _start

        .section .note.GNU-stack, "", @progbits
