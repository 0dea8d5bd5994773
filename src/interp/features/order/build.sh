# The functions that starts enter, side by side.
# shellcheck shell=sh disable=SC2034,SC2154  # variables of recipes/interpreter.sh

# Strings of CPython's and of ours stay beside what reads them: the linker would
# put equal ones of all libraries together.
order_objects() {
    for object in libpython.a ./*.c.o; do
        objcopy --set-section-flags '.rodata*.str*=alloc,readonly,data,contents' \
            --set-section-flags '.rodata.cst*=alloc,readonly,data,contents' "$object"
    done
}

order_draft() {
    sed 's/.*/    *(.text.& .text.hot.&)/' "$MATERIALS/env/start_functions.txt" >functions.txt
    sed -e '/^ *FUNCTIONS$/{r functions.txt' -e 'd}' \
        "$interp/features/order/sections.ld" >order.txt
    # The code of DT_FINI does nothing, and lies behind all other code: none has that name.
    link_options="-Wl,--section-ordering-file=order.txt -Wl,-fini=none"
}
