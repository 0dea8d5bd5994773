// Options of the sanitizers, unless ASAN_OPTIONS and UBSAN_OPTIONS name others.

// CPython does not free all memory when it ends; faulthandler and numba set handlers
// and stacks of their own.
const char *__asan_default_options(void)
{
    return "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:"
           "use_sigaltstack=0:quarantine_size_mb=16";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}
