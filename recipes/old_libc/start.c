/* Before 2.34 the C library takes a program's initialisers from _start, and the builder's _start
   has none.  Linked with --wrap=main. */

#include <stdbool.h>
#include <stddef.h>

typedef void Initialiser(int argc, char **argv, char **environment);
typedef int Main(int argc, char **argv, char **environment);

extern Initialiser *__init_array_start[] __attribute__((visibility("hidden")));
extern Initialiser *__init_array_end[] __attribute__((visibility("hidden")));

static bool is_done;

__attribute__((constructor)) static void initialise(void)
{
    is_done = true;
}

Main __real_main, __wrap_main;
int __wrap_main(int argc, char **argv, char **environment)
{
    ptrdiff_t count = is_done ? 0 : __init_array_end - __init_array_start;
    for (ptrdiff_t i = 0; i < count; i++) {
        __init_array_start[i](argc, argv, environment);
    }
    return __real_main(argc, argv, environment);
}
