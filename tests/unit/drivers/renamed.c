/* Find a library in LD_LIBRARY_PATH's folders after the environment's memory is gone, as it is
   in a program that has renamed itself. */

#include "library.c"

int main(int argc, char **argv)
{
    char *value = getenv("LD_LIBRARY_PATH");
    if (argc < 2 || value == NULL) {
        return 2;
    }
    memset(value, 0, strlen(value));
    printf("%d\n", hpcpy_in_library_path((const char *const *)argv + 1, argc - 1));
    return 0;
}
