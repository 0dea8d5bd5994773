/* Print the file that the loader opens for each soname, each in a process of its own. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **names)
{
    for (int i = 1; i < count; i++) {
        if (fork() == 0) {
            struct link_map *map = dlopen(names[i], RTLD_LAZY);
            printf("%s\n", map == NULL ? "" : map->l_name);
            return 0;
        }
        wait(NULL);
    }
}
