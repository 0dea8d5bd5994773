/* How many threads BLAS and numba start if the user sets no number: the least of the
   processors that this process may run on, the cgroup's quota, Slurm's processors for a
   task, and a rank's share of its node.  Libraries themselves know only the first.  See
   docs/reference/linalg.md. */

#define _GNU_SOURCE
#include "cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Tests set other folders. */
#ifndef CGROUPS
#define CGROUPS "/sys/fs/cgroup"
#define OWN_GROUPS "/proc/self/cgroup"
#endif

enum { MOST = 1 << 20 };

static int least(int count, int limit)
{
    return count < limit ? count : limit;
}

/* How many processors a process may run on; 0 if that is not known. */
static int processors_of(pid_t process)
{
    for (int processors = 1024; processors <= MOST; processors *= 2) {
        cpu_set_t *set = CPU_ALLOC(processors);
        size_t size = CPU_ALLOC_SIZE(processors);
        int count = set != NULL && sched_getaffinity(process, size, set) == 0
                        ? CPU_COUNT_S(size, set) : -1;
        CPU_FREE(set);
        if (count >= 0 || errno != EINVAL) {
            return count > 0 ? count : 0;
        }
    }
    return 0;
}

/* The largest number in text as Slurm writes it: "8" or "16(x2),4". */
static int number(const char *text)
{
    int most = 0;
    while (text != NULL && *text != '\0') {
        long value = strtol(text, NULL, 10);
        most = value > most && value <= MOST ? (int)value : most;
        text = strchr(text, ',');
        text = text == NULL ? NULL : text + 1;
    }
    return most;
}

/* Processors, rounded up; MOST without a limit.  A group of version 2 has both
   numbers in one file, one of version 1 a file each. */
static int quota_of_group(const char *folder, bool is_first_version)
{
    char path[4200], quota[32] = "";
    long period = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, is_first_version ? "cpu.cfs_quota_us" : "cpu.max");
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        int got = fscanf(file, "%31s %ld", quota, &period);
        fclose(file);
        if (got == 1 && is_first_version) {
            snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
            if ((file = fopen(path, "re")) != NULL) {
                got = fscanf(file, "%ld", &period) + 1;
                fclose(file);
            }
        }
        long value = strtol(quota, NULL, 10);
        if (got == 2 && period > 0 && value > 0) {
            long whole = value / period + (value % period != 0);
            return whole < MOST ? (int)whole : MOST;
        }
    }
    return MOST;
}

/* Whether it is a list with `cpu`. */
static bool has_processors(char *controllers)
{
    const char *controller;
    while ((controller = strsep(&controllers, ",")) != NULL) {
        if (strcmp(controller, "cpu") == 0) {
            return true;
        }
    }
    return false;
}

/* The tightest quota on the way up to the root counts.  In a container, the group may not
   be at the path that /proc has: its limit is then in the root. */
static int quota(void)
{
    int found = MOST;
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen(OWN_GROUPS, "re");
    while (file != NULL && getline(&line, &capacity, file) > 0) {
        char *controllers = strchr(line, ':');
        char *own = controllers == NULL ? NULL : strchr(++controllers, ':');
        if (own == NULL) {
            continue;
        }
        *own++ = '\0';
        own[strcspn(own, "\n")] = '\0';
        bool is_first = *controllers != '\0';
        if (is_first && !has_processors(controllers)) {
            continue;
        }
        const char *mounted = is_first ? CGROUPS "/cpu" : CGROUPS;
        char folder[4096];
        int length = snprintf(folder, sizeof(folder), "%s%s", mounted, own);
        char *root = folder + strlen(mounted);
        for (char *end = length < (int)sizeof(folder) ? folder + length : NULL; end != NULL;
             end = *root == '\0' ? NULL : strrchr(root, '/')) {
            *end = '\0';
            found = least(found, quota_of_group(folder, is_first));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    free(line);
    return found;
}

/* Whether a process was started with a variable.  True if its environment cannot be
   read, as may be so for the program that starts a container. */
static bool has_variable(pid_t process, const char *variable)
{
    char path[64], *entry = NULL;
    size_t capacity = 0, length = strlen(variable);
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)process);
    FILE *file = fopen(path, "re");
    bool found = file == NULL;
    while (!found && getdelim(&entry, &capacity, '\0', file) > 0) {
        found = strncmp(entry, variable, length) == 0 && entry[length] == '=';
    }
    if (file != NULL) {
        fclose(file);
    }
    free(entry);
    return found;
}

static pid_t parent_of(pid_t process)
{
    char path[64], text[512] = "";
    int parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        size_t got = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[got] = '\0';
        /* The name before it may have spaces and brackets. */
        const char *end = strrchr(text, ')');
        if (end == NULL || sscanf(end + 1, " %*c %d", &parent) != 1) {
            parent = 0;
        }
    }
    return parent;
}

/* The processors that the ranks of this node share: those of the launcher, which set the
   variable for them and is itself not bound to one rank's processors. */
static int processors_of_launcher(const char *variable)
{
    pid_t process = getppid();
    while (process > 1 && has_variable(process, variable)) {
        process = parent_of(process);
    }
    return process > 1 ? processors_of(process) : 0;
}

/* MPICH's, Intel's and MVAPICH's mpiexec; Open MPI's; Cray's; Slurm's own, last, as
   it also starts the others' helpers. */
static const char *const rank_counts[] = {
    "MPI_LOCALNRANKS", "OMPI_COMM_WORLD_LOCAL_SIZE", "PMI_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE",
};

static int share_of_rank(int allowed)
{
    for (size_t i = 0; i < sizeof(rank_counts) / sizeof(rank_counts[0]); i++) {
        int ranks = number(getenv(rank_counts[i]));
        if (ranks == 0) {
            continue;
        }
        bool is_slurm = strncmp(rank_counts[i], "SLURM_", 6) == 0;
        int together = is_slurm ? number(getenv("SLURM_CPUS_ON_NODE"))
                                : processors_of_launcher(rank_counts[i]);
        /* In a container of its own a rank sees no launcher, and the quota is its own. */
        together = together == 0 ? (int)sysconf(_SC_NPROCESSORS_ONLN) : least(together, allowed);
        return together > ranks ? together / ranks : 1;
    }
    return MOST;
}

int hpcpy_threads(void)
{
    int allowed = quota();
    int count = least(processors_of(0), allowed);
    int of_task = number(getenv("SLURM_CPUS_PER_TASK"));
    if (of_task > 0) {
        count = least(count, of_task);
    }
    count = least(count, share_of_rank(allowed));
    return count > 0 ? count : 1;
}
