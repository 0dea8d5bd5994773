/* Where this interpreter and its library lie, found out with no search. */

#define _GNU_SOURCE
#include "paths.h"
#include "store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* PYTHONPLATLIBDIR's default. */
#define LIB "lib"
#define STDLIB LIB "/python" Py_STRINGIFY(PY_MAJOR_VERSION) "." Py_STRINGIFY(PY_MINOR_VERSION)

/* All strings belong to this; memory that cannot be had leaves NULLs. */
typedef struct {
    char *executable;      /* as it was called, absolute */
    char *base_executable; /* behind a virtual environment's link */
    char *prefix;          /* the virtual environment's, where there is one */
    char *base;            /* the one with the library */
} Places;

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

static char *absolute(const char *path)
{
    char *result = NULL;
    if (path[0] == '/') {
        return strdup(path);
    }
    char *folder = getcwd(NULL, 0);
    if (strncmp(path, "./", 2) == 0) {
        path += 2;
    }
    if (folder == NULL || asprintf(&result, "%s/%s", folder, path) < 0) {
        result = NULL;
    }
    free(folder);
    return result;
}

/* The folder of a path; that of one without a slash is empty. */
static char *parent(const char *path)
{
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    return slash == NULL ? strdup("") : strndup(path, (size_t)(slash - path));
}

static const char *leaf(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The program's path.  A bare name was looked up in PATH by the caller, and
   the kernel knows what was found; in a script's first line the kernel's path
   is the script's, but then the name has a slash. */
static char *find_executable(const char *name)
{
    if (strchr(name, '/') != NULL) {
        return absolute(name);
    }
    const char *started = (const char *)getauxval(AT_EXECFN);
    if (started != NULL && strchr(started, '/') != NULL && strcmp(leaf(started), name) == 0) {
        return absolute(started);
    }
    return NULL;
}

static char *running_file(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return length <= 0 ? NULL : strndup(path, (size_t)length);
}

/* The value of `home` in <folder>/pyvenv.cfg, or NULL. */
static char *home_of_venv(const char *folder)
{
    char *path = NULL, *line = NULL, *home = NULL;
    size_t room = 0;
    if (asprintf(&path, "%s/pyvenv.cfg", folder) < 0) {
        return NULL;
    }
    FILE *file = fopen(path, "re");
    free(path);
    while (file != NULL && home == NULL && getline(&line, &room, file) >= 0) {
        char key[8] = "", value[4096] = "";
        if (sscanf(line, " %7[^= \t] = %4095[^\n]", key, value) == 2 && strcasecmp(key, "home") == 0) {
            size_t end = strlen(value);
            while (end > 0 && strchr(" \t\r", value[end - 1]) != NULL) {
                value[--end] = '\0';
            }
            home = strdup(value);
        }
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    }
    return home;
}

/* Called by another path than our own: a link to us, a virtual environment's
   link or copy, or an image that was unpacked elsewhere. */
static void look_around(Places *places, const char *folder)
{
    char *real = running_file();
    char *real_folder = parent(real);
    char *venv = parent(folder);
    char *home = home_of_venv(venv);
    if (home == NULL && (home = home_of_venv(folder)) != NULL) {
        free(venv);
        venv = strdup(folder);
    }
    if (home != NULL) {
        bool is_copy = strcmp(real_folder, folder) == 0;
        places->prefix = venv;
        venv = NULL;
        places->base = parent(is_copy ? home : real_folder);
        if (!is_copy) {
            places->base_executable = strdup(real);
        } else if (asprintf(&places->base_executable, "%s/%s", home, leaf(places->executable)) < 0) {
            places->base_executable = NULL;
        }
    } else {
        places->base = parent(real_folder);
    }
    free(real);
    free(real_folder);
    free(venv);
    free(home);
}

static void find_places(Places *places, const char *name)
{
    if (name == NULL || (places->executable = find_executable(name)) == NULL) {
        return;
    }
    char *folder = parent(places->executable);
    if (strcmp(folder, HPCPY_PREFIX "/bin") == 0) {
        places->base = strdup(HPCPY_PREFIX);
    } else {
        look_around(places, folder);
    }
    if (places->prefix == NULL && places->base != NULL) {
        places->prefix = strdup(places->base);
    }
    if (places->base_executable == NULL) {
        places->base_executable = strdup(places->executable);
    }
    free(folder);
}

static PyStatus append(PyWideStringList *list, const char *path)
{
    wchar_t *decoded = Py_DecodeLocale(path, NULL);
    PyStatus status = decoded == NULL ? PyStatus_NoMemory() : PyWideStringList_Append(list, decoded);
    PyMem_RawFree(decoded);
    return status;
}

/* PYTHONPATH's folders, then the library's; no zip file and no lib-dynload,
   which this interpreter does not have. */
static PyStatus set_search_path(PyConfig *config, const char *stdlib)
{
    PyStatus status = PyStatus_Ok();
    const char *variable = config->use_environment ? getenv("PYTHONPATH") : NULL;
    config->module_search_paths_set = 1;
    if (variable != NULL && variable[0] != '\0') {
        char *copy = strdup(variable), *rest = copy, *entry;
        while (copy != NULL && !PyStatus_Exception(status) && (entry = strsep(&rest, ":")) != NULL) {
            char *path = absolute(entry);
            status = path == NULL ? PyStatus_NoMemory() : append(&config->module_search_paths, path);
            free(path);
        }
        free(copy);
    }
    return PyStatus_Exception(status) ? status : append(&config->module_search_paths, stdlib);
}

static PyStatus set_paths(PyConfig *config, const char *name, const Places *places,
                          const char *stdlib)
{
    struct {
        wchar_t **field;
        const char *value;
    } settings[] = {
        {&config->program_name, name},
        {&config->executable, places->executable}, {&config->base_executable, places->base_executable},
        {&config->prefix, places->prefix},         {&config->exec_prefix, places->prefix},
        {&config->base_prefix, places->base},      {&config->base_exec_prefix, places->base},
        {&config->stdlib_dir, stdlib},             {&config->platlibdir, LIB},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(settings); i++) {
        PyStatus status = PyConfig_SetBytesString(config, settings[i].field, settings[i].value);
        if (PyStatus_Exception(status)) {
            return status;
        }
    }
    return set_search_path(config, stdlib);
}

/* Stored files lie below the library that belongs to this executable, however
   CPython is told to search. */
static void start_store(const Places *places)
{
    char *library = NULL;
    if (places->base != NULL && asprintf(&library, "%s/" STDLIB, places->base) >= 0) {
        hpcpy_store_start(library);
        free(library);
    }
}

PyStatus hpcpy_preset_paths(PyConfig *config, const char *name)
{
    Places places = {0};
    char *stdlib = NULL;
    PyStatus status = PyStatus_Ok();
    find_places(&places, name);
    start_store(&places);
    /* Whoever sets one of these wants CPython's own search. */
    bool is_told = config->use_environment
        && (is_set("PYTHONHOME") || is_set("PYTHONEXECUTABLE") || is_set("PYTHONPLATLIBDIR")
            || is_set("__PYVENV_LAUNCHER__"));
    if (!is_told && places.executable != NULL && places.base_executable != NULL
        && places.prefix != NULL && places.base != NULL
        && asprintf(&stdlib, "%s/" STDLIB, places.base) >= 0) {
        status = set_paths(config, name, &places, stdlib);
        free(stdlib);
    }
    free(places.executable);
    free(places.base_executable);
    free(places.prefix);
    free(places.base);
    return status;
}
