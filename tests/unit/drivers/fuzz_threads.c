/* Field 0: the pid of this process's parent, and the number of processors that are online.
   Field 1: environment entries, each with its zero byte.  Then files: those below /proc and
   those of cgroups, and affinity/PID with a number of processors. */

#include "driver.h"

#include <sched.h>
#include <unistd.h>

#define CGROUPS "/cgroup"
#define OWN_GROUPS "/own"

static int parent, online;

static int affinity(pid_t process, size_t size, cpu_set_t *set)
{
    char path[32];
    snprintf(path, sizeof(path), "affinity/%d", (int)process);
    const char *text = text_of(path);
    size_t count = text == NULL ? 0 : strtoul(text, NULL, 10);
    if (text == NULL || count > 8 * size) {
        errno = text == NULL ? ESRCH : EINVAL;
        return -1;
    }
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < count; i++) {
        CPU_SET_S(i, size, set);
    }
    return 0;
}

#define fopen(path, mode) open_field(path)
#define getppid() parent
#define sched_getaffinity(process, size, set) affinity(process, size, set)
#define sysconf(what) online

#include "cpus.c"

static void one_case(void)
{
    first_file = 2;
    sscanf(field[0], "%d %d", &parent, &online);
    clearenv();
    for (char *entry = field[1]; entry < field[1] + field_size[1]; entry += strlen(entry) + 1) {
        char *value = strchr(entry, '=');
        if (value != NULL && value != entry) {
            char *name = strndup(entry, (size_t)(value - entry));
            setenv(name, value + 1, 1);
            free(name);
        }
    }
    answer("%d", hpcpy_threads());
}
