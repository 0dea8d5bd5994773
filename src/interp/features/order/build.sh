# The functions that starts enter, side by side.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of recipes/interpreter.sh

# Strings of CPython's, of ours and of libraries that have constructors stay beside what reads
# them: the linker would put equal ones of all libraries together.
order_objects() {
    for name in stdc++ gfortran crypto; do
        original=$(gcc -print-file-name="lib$name.a")
        cp "$original" .
        libraries=$(echo "$libraries" | sed "s# \(-l$name\|$original\)\( \|\$\)# lib$name.a\2#")
    done
    for object in libpython.a libstdc++.a libgfortran.a libcrypto.a ./*.c.o; do
        objcopy --set-section-flags '.rodata*.str*=alloc,readonly,data,contents' \
            --set-section-flags '.rodata.cst*=alloc,readonly,data,contents' "$object"
    done
}

order_draft() {
    sed 's/.*/    *(.text.& .text.hot.& .text.unlikely.&)/' "$MATERIALS/env/start_functions.txt" >functions.txt
    sed -e '/^ *FUNCTIONS$/{r functions.txt' -e 'd}' \
        "$interp/features/order/sections.ld" >order.txt
    # The code of DT_FINI does nothing, and lies behind all other code: none has that name.
    cp "$interp/features/order/constants.ld" .
    link_options="-Wl,--section-ordering-file=order.txt -Wl,-T,constants.ld -Wl,-fini=none"
}
