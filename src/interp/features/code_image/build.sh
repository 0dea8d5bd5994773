# The modules that most starts load, as objects of the executable.
# shellcheck shell=sh disable=SC2154  # variables of recipes/interpreter.sh

# In the prefix, so that the draft has all packages and their final paths.
code_image_draft() {
    own=$interp/features/code_image/codeimage
    link "$PREFIX/bin/python-draft"
    # Into a pipe, as in most runs: Python runs other code if it writes to a file, and again
    # other code if the file is not empty; the build's log may be either.
    (env -i PYTHONHASHSEED=0 ${QEMU_CPU+"QEMU_CPU=$QEMU_CPU"} \
        "$PREFIX/bin/python-draft" "$own/training.py" training.json \
        </dev/null 2>&1 || echo failed) | cat >training.log
    if grep -q '^failed$' training.log; then
        cat training.log >&2
        return 1
    fi
    gcc -std=gnu11 -Wall -Wextra -Wno-deprecated-declarations \
        -I"$PREFIX/include/python$version" "$own/layout.c" -o layout
    ./layout >layout.txt
    # By the Python whose objects they are.
    PYTHONPATH=$modules "${TARGET_PYTHON-$PREFIX/bin/python3}" -B -s -S \
        -m codeimage code_image.s --bundle bundle/modules.bundle \
        --library "$library" --training training.json --layout layout.txt
    as code_image.s -o code_image_objects.o
}
