# The functions that starts enter, and what these refer to, side by side.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of recipes/interpreter.sh

# Strings of CPython's and of ours stay beside what reads them: the linker would
# put equal ones of all libraries together.
order_objects() {
    for object in libpython.a ./*.c.o; do
        objcopy --set-section-flags '.rodata*.str*=alloc,readonly,data,contents' \
            --set-section-flags '.rodata.cst*=alloc,readonly,data,contents' "$object"
    done
}

order_tool() {
    runtime=$(dirname "$(gcc -print-libgcc-file-name)")
    python -m order "$PREFIX/bin/python-draft" libpython.a \
        "$runtime/libstdc++.a" "$runtime/libgfortran.a" ./*.c.o /opt/link/numpy/*.o "$@"
}

order_draft() {
    own=$interp/features/order/order
    link "$PREFIX/bin/python-draft"
    gcc -O2 -fno-builtin -fPIC -shared "$own/addresses.c" -o addresses.so
    gcc -O2 -Wall -Wextra "$own/trace.c" -o trace
    order_tool >functions.txt
    # With the image's locale, and one that Python first changes to UTF-8; into a pipe, as in
    # most runs.
    for program in pass "import numpy"; do
        for locale in C.UTF-8 C; do
            (env -i LD_PRELOAD=./addresses.so PYTHONHASHSEED=0 LANG="$locale" HOME=/ PATH="$PATH" \
                PYTHONNOUSERSITE=1 LD_LIBRARY_PATH=/.singularity.d/libs \
                ./trace functions.txt "$PREFIX/bin/python-draft" -c "$program" </dev/null 2>&1 ||
                echo failed) | cat
        done
    done >hits.txt
    if grep -q '^failed$' hits.txt; then
        cat hits.txt >&2
        return 1
    fi
    order_tool --hits hits.txt >order.txt
    link_options=-Wl,--section-ordering-file=order.txt
}
