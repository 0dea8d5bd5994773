# shellcheck shell=sh

# Both are exported, and --wrap does not change calls from outside: collector_views.c.
collector_objects() {
    objcopy --redefine-sym PyGC_Collect=hpcpy_real_PyGC_Collect \
        --redefine-sym PyUnstable_GC_VisitObjects=hpcpy_real_PyUnstable_GC_VisitObjects \
        libpython.a
}
