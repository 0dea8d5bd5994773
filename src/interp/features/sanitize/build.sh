# Our own C with ASan and UBSan, for tests of it alone.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of recipes/interpreter.sh

compile_options="-fsanitize=address,undefined -fno-sanitize-recover=all \
    -fno-omit-frame-pointer -U_FORTIFY_SOURCE"

# All libraries of the process must take ASan's malloc, which is in the executable: our C
# frees what libc's strdup allocates.  As one object it comes before libc in the link: after
# libc, ld would follow libc's `tmpnam_r` in a circle.
sanitize_objects() {
    runtime=$(dirname "$(gcc -print-libgcc-file-name)")
    ld -r -o sanitizers.o "$runtime/libasan_preinit.o" --whole-archive "$runtime/libasan.a"
    sed -i 's/ };$/ malloc; free; calloc; realloc; reallocarray; memalign; aligned_alloc; &/
        s/ };$/ posix_memalign; valloc; pvalloc; malloc_usable_size; _Zn*; _Zd*; };/' exports
}

sanitize_draft() {
    link_options="$runtime/libubsan.a $runtime/libstdc++.a $runtime/libgcc.a $runtime/libgcc_eh.a"
}
