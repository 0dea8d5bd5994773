/* "home" and the files; "maps" and the files; "here"; or "find", the number of argv's words, the
   value of AT_EXECFN, that of AT_BASE (0 if empty, else 1), the target of /proc/self/exe, the
   words and the files. */

#include "driver.h"

#include <sys/auxv.h>
#include <unistd.h>

static unsigned long auxiliary(unsigned long type)
{
    if (type == AT_BASE) {
        return field_size[3] > 1;
    }
    return field_size[2] > 1 ? (unsigned long)field[2] : 0;
}

static ssize_t link_of(char *path, size_t room)
{
    size_t length = field_size[4] - 1;
    memcpy(path, field[4], length < room ? length : room);
    return length == 0 ? -1 : (ssize_t)(length < room ? length : room);
}

#define fopen(path, mode) open_field(path)
#define getauxval(type) auxiliary(type)
#define readlink(path, to, room) link_of(to, room)
#define HPCPY_PREFIX "/opt/own"
#define HPCPY_LIBRARY "lib/python3"

#include "location.c"

static void give(char *text)
{
    answer("%s", text == NULL ? "-" : text);
    free(text);
}

static void find_all(void)
{
    char *words[FIELDS] = {NULL};
    int count = atoi(field[1]);
    for (int i = 0; i < count; i++) {
        words[i] = field[5 + i];
    }
    first_file = 5 + (uint32_t)count;
    HpcpyLocation location;
    hpcpy_location_find(&location, words);
    answer("%s\n%s\n%s", location.executable == NULL ? "-" : location.executable,
           location.prefix == NULL ? "-" : location.prefix, hpcpy_library());
    hpcpy_location_clear(&location);
    free(library);
    library = NULL;
}

static void one_case(void)
{
    first_file = 1;
    if (strcmp(field[0], "here") == 0) {
        answer("%lx", (unsigned long)&mapped_file);
    } else if (strcmp(field[0], "home") == 0) {
        give(home_of_venv("venv"));
    } else if (strcmp(field[0], "maps") == 0) {
        give(mapped_file());
    } else {
        find_all();
    }
}
