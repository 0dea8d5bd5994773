# The link itself, from what lies in the working folder: link.sh sources it, and the recipe
# `standalone`, which links the same once more.
# shellcheck shell=sh disable=SC2154  # variables of those recipes

# link FILE: see link.sh.
# No PIE: 743,038 pointers to relocate would cost each start 17 ms, and 23 MB of memory.
link() {
    # shellcheck disable=SC2086  # lists of words
    gcc -no-pie $HARDENED_LINK -Wl,-z,noexecstack -Wl,--dynamic-list=exports \
        -Wl,-Map=map.txt $wrapped -nodefaultlibs -o "$1" $link_first ./*.o /opt/link/*/*.o \
        -Wl,--whole-archive ./libpython.a -Wl,--no-whole-archive \
        -L. -L/opt/deps/lib -Wl,-Bstatic,--start-group $libraries -Wl,--end-group,-Bdynamic \
        $link_libc -lgcc -lgcc_eh $link_options
}

# keep_linked FOLDER: what is linked, for a later link of the same.
keep_linked() {
    mkdir -p "$1"
    for name in wrapped libraries link_options; do
        eval "echo \"$name='\$$name'\""
    done >options.sh
    find . -maxdepth 1 -name '*.[oa]' >kept.txt
    find . -maxdepth 1 \( -name exports -o -name order.txt -o -name '*.ld' \) >>kept.txt
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --format=gnu --files-from=kept.txt -cf - options.sh | gzip -n -1 >"$1/linked.tar.gz"
}

# take_linked FOLDER: to the working folder what keep_linked has kept.
take_linked() {
    tar -xzf "$1/linked.tar.gz"
    # shellcheck source=/dev/null
    . ./options.sh
}
