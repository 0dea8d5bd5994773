/* Preset CPython's paths, so that it searches for none. */

#define _GNU_SOURCE
#include "paths.h"
#include "location.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STDLIB HPCPY_LIBRARY

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

static PyStatus append(PyWideStringList *list, const char *path)
{
    wchar_t *decoded = Py_DecodeLocale(path, NULL);
    PyStatus status = decoded == NULL ? PyStatus_NoMemory() : PyWideStringList_Append(list, decoded);
    PyMem_RawFree(decoded);
    return status;
}

/* The folders of PYTHONPATH, then the library's; no zip file and no lib-dynload, as
   this interpreter has neither. */
static PyStatus set_search_path(PyConfig *config, const char *stdlib)
{
    PyStatus status = PyStatus_Ok();
    const char *variable = config->use_environment ? getenv("PYTHONPATH") : NULL;
    config->module_search_paths_set = 1;
    if (variable != NULL && variable[0] != '\0') {
        char *copy = strdup(variable), *rest = copy, *entry;
        while (copy != NULL && !PyStatus_Exception(status) && (entry = strsep(&rest, ":")) != NULL) {
            char *path = hpcpy_absolute(entry);
            status = append(&config->module_search_paths, path == NULL ? entry : path);
            free(path);
        }
        free(copy);
    }
    return PyStatus_Exception(status) ? status : append(&config->module_search_paths, stdlib);
}

static PyStatus set_paths(PyConfig *config, const char *name, const HpcpyLocation *location,
                          const char *stdlib)
{
    struct {
        wchar_t **field;
        const char *value;
    } settings[] = {
        {&config->program_name, name},             {&config->base_executable, location->base_executable},
        {&config->prefix, location->prefix},         {&config->exec_prefix, location->prefix},
        {&config->base_prefix, location->base},      {&config->base_exec_prefix, location->base},
        {&config->stdlib_dir, stdlib},             {&config->platlibdir, "lib"},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(settings); i++) {
        PyStatus status = PyConfig_SetBytesString(config, settings[i].field, settings[i].value);
        if (PyStatus_Exception(status)) {
            return status;
        }
    }
    return set_search_path(config, stdlib);
}

PyStatus hpcpy_preset_paths(PyConfig *config, char *const *argv)
{
    HpcpyLocation location;
    char *stdlib = NULL;
    PyStatus status = PyStatus_Ok();
    hpcpy_location_find(&location, argv);
    /* With one of these set, CPython's own search finds all the rest.  PYTHONPLATLIBDIR, as the
       module of another Python sets it, would have it search where nothing is. */
    bool is_overridden = config->use_environment
        && (is_set("PYTHONHOME") || is_set("PYTHONEXECUTABLE") || is_set("__PYVENV_LAUNCHER__"));
    if (location.executable != NULL) {
        status = PyConfig_SetBytesString(config, &config->executable, location.executable);
    }
    if (!PyStatus_Exception(status) && !is_overridden && location.executable != NULL
        && location.base_executable != NULL && location.prefix != NULL && location.base != NULL
        && asprintf(&stdlib, "%s/" STDLIB, location.base) >= 0) {
        bool is_named = argv[0] != NULL && argv[0][0] != '\0';
        status = set_paths(config, is_named ? argv[0] : location.executable, &location, stdlib);
        free(stdlib);
    }
    hpcpy_location_clear(&location);
    return status;
}
