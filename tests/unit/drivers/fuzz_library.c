/* "cache", its bytes, a soname, the own path; or "path", the working directory, the value of
   LD_LIBRARY_PATH, and sonames. */

#include "driver.h"

#include "library.c"

static void one_case(void)
{
    if (strcmp(field[0], "cache") == 0) {
        const char *path = find(field[1], field_size[1], field[2], field[3]);
        answer("%s", path == NULL ? "" : path);
        return;
    }
    if (chdir(field[1]) != 0) {
        abort();
    }
    path_at_start = field[2];
    answer("%d", hpcpy_in_library_path((const char *const *)field + 3, (int)fields - 3));
}
