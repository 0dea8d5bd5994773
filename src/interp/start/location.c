/* Where this interpreter lies.  The caller may write anything into argv[0]; the kernel
   says which file it started.  An ordinary start makes no path call for this. */

#define _GNU_SOURCE
#include "location.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_FOLDER HPCPY_PREFIX "/bin"

static char *library;

const char *hpcpy_library(void)
{
    return library == NULL ? HPCPY_PREFIX "/" HPCPY_LIBRARY : library;
}

char *hpcpy_absolute(const char *path)
{
    char *result = NULL;
    if (path[0] == '/') {
        return strdup(path);
    }
    char *folder = getcwd(NULL, 0);
    if (strncmp(path, "./", 2) == 0) {
        path += 2;
    }
    bool is_root = folder != NULL && folder[1] == '\0';
    if (folder == NULL || asprintf(&result, "%s/%s", is_root ? "" : folder, path) < 0) {
        result = NULL;
    }
    free(folder);
    return result;
}

/* The folder of a path, empty for one without a slash.  There may be two slashes, as a
   folder of PATH may end with one. */
static char *parent(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    while (slash != NULL && slash > path && slash[-1] == '/') {
        slash--;
    }
    return slash == NULL ? strdup("") : strndup(path, (size_t)(slash - path));
}

static const char *leaf(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static bool is_same_file(const char *path, const char *other)
{
    struct stat first, second;
    return stat(path, &first) == 0 && stat(other, &second) == 0
        && first.st_ino == second.st_ino && first.st_dev == second.st_dev;
}

/* The kernel passes no address of a loader when it has started the loader itself. */
bool hpcpy_started_by_loader(void)
{
    return getauxval(AT_BASE) == 0;
}

/* The file that this function was mapped from. */
static char *mapped_file(void)
{
    const uintptr_t here = (uintptr_t)&mapped_file;
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL, *file = NULL;
    size_t capacity = 0;
    while (maps != NULL && file == NULL && getline(&line, &capacity, maps) >= 0) {
        uintptr_t begin, end;
        const char *path = strchr(line, '/');
        if (path != NULL && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2
            && begin <= here && here < end) {
            file = strndup(path, strcspn(path, "\n"));
        }
    }
    free(line);
    if (maps != NULL) {
        fclose(maps);
    }
    return file;
}

/* The path of the file that runs, with all links resolved; NULL without /proc. */
static char *running_file(void)
{
    char path[4096];
    if (hpcpy_started_by_loader()) {
        return mapped_file();
    }
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
    return length <= 0 || length == sizeof(path) ? NULL : strndup(path, (size_t)length);
}

/* The kernel's names for a program that was started by its descriptor, and
   /proc/self/exe: such a path is another file in another process. */
static bool is_descriptor(const char *path)
{
    return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
}

/* Without /proc it is only known whether the path is an executable file. */
static bool leads_to(const char *running, const char *path)
{
    return !is_descriptor(path)
        && (running == NULL ? access(path, X_OK) == 0 : is_same_file(path, running));
}

/* For the first line of a script the kernel writes argv[0] itself, and puts the
   script's path, which is what it started, behind that and one option at most. */
static bool is_of_script(char *const *argv, const char *started)
{
    return argv[0] != NULL && argv[1] != NULL
        && (strcmp(argv[1], started) == 0
            || (argv[2] != NULL && strcmp(argv[2], started) == 0));
}

/* argv[0] names another file than the kernel.  Launchers of virtual environments put
   the environment's link there: it counts if it leads to this very file. */
static char *find_of_two_names(const char *name, const char *started)
{
    char *running = running_file(), *found = NULL;
    if (strchr(name, '/') != NULL && leads_to(running, name)) {
        found = hpcpy_absolute(name);
    } else if (!hpcpy_started_by_loader() && leads_to(running, started)) {
        found = hpcpy_absolute(started);
    }
    if (found == NULL) {
        return running;
    }
    free(running);
    return found;
}

/* The program's path, by the name that was called.  Links are not resolved: a virtual
   environment is known by the path of its link. */
static char *find_executable(char *const *argv)
{
    const char *started = (const char *)getauxval(AT_EXECFN), *named = NULL;
    const char *name = argv[0] == NULL ? "" : argv[0];
    if (started == NULL) {
        started = "";
    }
    if (name[0] != '\0' && !is_descriptor(started) && !hpcpy_started_by_loader()) {
        /* A bare name was looked up in PATH by the caller. */
        if (strcmp(name, started) == 0 || strcmp(name, leaf(started)) == 0) {
            named = started;
        } else if (is_of_script(argv, started)) {
            named = name;
        }
    }
    char *found = named == NULL ? NULL : hpcpy_absolute(named);
    return found == NULL ? find_of_two_names(name, started) : found;
}

/* The value of `home` in <folder>/pyvenv.cfg, without blanks and slashes at its end; empty
   without that line, NULL without the file. */
static char *home_of_venv(const char *folder)
{
    char *path = NULL, *line = NULL, *home = NULL;
    size_t capacity = 0;
    if (asprintf(&path, "%s/pyvenv.cfg", folder) < 0) {
        return NULL;
    }
    FILE *file = fopen(path, "re");
    free(path);
    while (file != NULL && home == NULL && getline(&line, &capacity, file) >= 0) {
        char key[8] = "", value[4096] = "";
        if (sscanf(line, " %7[^= \t] = %4095[^\n]", key, value) == 2 && strcasecmp(key, "home") == 0) {
            size_t end = strlen(value);
            while (end > 0 && strchr(" \t\r/", value[end - 1]) != NULL) {
                value[--end] = '\0';
            }
            home = strdup(value);
        }
    }
    free(line);
    if (file == NULL) {
        return NULL;
    }
    fclose(file);
    return home == NULL ? strdup("") : home;
}

/* The prefix that a folder of executables belongs to.  Without a library beside that
   folder it is the prefix of the build, as for any Python. */
static char *base_of(const char *folder)
{
    if (hpcpy_is_standalone()) {
        return strdup(HPCPY_PREFIX);
    }
    char *base = parent(folder), *landmark = NULL;
    /* A virtual environment also has a library folder, but no `encodings` in it. */
    bool is_base = strcmp(folder, OWN_FOLDER) == 0
        || (asprintf(&landmark, "%s/" HPCPY_LIBRARY "/encodings", base) >= 0
            && access(landmark, F_OK) == 0);
    free(landmark);
    if (is_base) {
        return base;
    }
    free(base);
    return strdup(HPCPY_PREFIX);
}

/* The case of another path than our own: a link to this file, a virtual environment's
   link or copy, or an image that was unpacked elsewhere. */
static void locate_elsewhere(HpcpyLocation *location, const char *folder)
{
    char *real = running_file();
    if (real == NULL) {
        real = realpath(location->executable, NULL);
    }
    char *real_folder = parent(real);
    char *venv = parent(folder);
    char *home = home_of_venv(venv);
    if (home == NULL && (home = home_of_venv(folder)) != NULL) {
        free(venv);
        venv = strdup(folder);
    }
    bool is_copy = home != NULL && home[0] != '\0' && strcmp(real_folder, OWN_FOLDER) != 0
        && is_same_file(real_folder, folder);
    location->base = base_of(is_copy ? home : real_folder);
    if (home != NULL) {
        location->prefix = venv;
        venv = NULL;
        if (!is_copy) {
            location->base_executable = real == NULL ? NULL : strdup(real);
        } else if (asprintf(&location->base_executable, "%s/%s", home, leaf(location->executable)) < 0) {
            location->base_executable = NULL;
        }
    }
    free(real);
    free(real_folder);
    free(venv);
    free(home);
}

void hpcpy_location_find(HpcpyLocation *location, char *const *argv)
{
    *location = (HpcpyLocation){.executable = find_executable(argv)};
    if (location->executable == NULL) {
        return;
    }
    char *folder = parent(location->executable);
    /* A virtual environment has its links in a folder `bin`. */
    bool is_plain = hpcpy_is_standalone() && strcmp(leaf(folder), "bin") != 0;
    if (is_plain || strcmp(folder, OWN_FOLDER) == 0) {
        location->base = strdup(HPCPY_PREFIX);
    } else {
        locate_elsewhere(location, folder);
    }
    if (location->base != NULL && asprintf(&library, "%s/" HPCPY_LIBRARY, location->base) < 0) {
        library = NULL;
    }
    if (location->prefix == NULL && location->base != NULL) {
        location->prefix = strdup(location->base);
    }
    if (location->base_executable == NULL) {
        location->base_executable = strdup(location->executable);
    }
    free(folder);
}

void hpcpy_location_clear(HpcpyLocation *location)
{
    free(location->executable);
    free(location->base_executable);
    free(location->prefix);
    free(location->base);
}
