/* What old_start.S hands to __libc_start_main. */

#include <stddef.h>

typedef void Initialiser(int argc, char **argv, char **environment);

extern void _init(void);
extern Initialiser *__init_array_start[] __attribute__((visibility("hidden")));
extern Initialiser *__init_array_end[] __attribute__((visibility("hidden")));

Initialiser hpcpy_initialise;
void hpcpy_no_finish(void);

void hpcpy_initialise(int argc, char **argv, char **environment)
{
    ptrdiff_t count = __init_array_end - __init_array_start;
    _init();
    for (ptrdiff_t i = 0; i < count; i++) {
        __init_array_start[i](argc, argv, environment);
    }
}

/* The loader itself calls the finishers. */
void hpcpy_no_finish(void)
{
}
