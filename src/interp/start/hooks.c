/* Calls the functions of this image's features: see hooks.h. */

#include "hooks.h"

#define FEATURE(name)                                                      \
    PyObject *hpcpy_##name##_module(void) __attribute__((weak));           \
    void hpcpy_##name##_started(const PyConfig *known) __attribute__((weak));
/* Written by the recipe: FEATURE(name) for each feature of the image. */
#include "feature_names.h"
#undef FEATURE

static const struct {
    const char *module;
    PyObject *(*initialise)(void);
    void (*started)(const PyConfig *known);
} features[] = {
#define FEATURE(name) {"_hpcpy_" #name, hpcpy_##name##_module, hpcpy_##name##_started},
#include "feature_names.h"
#undef FEATURE
    {NULL, NULL, NULL},
};

int hpcpy_features_prepare(void)
{
    for (size_t i = 0; features[i].module != NULL; i++) {
        if (features[i].initialise != NULL
            && PyImport_AppendInittab(features[i].module, features[i].initialise) != 0) {
            return -1;
        }
    }
    return 0;
}

void hpcpy_features_started(const PyConfig *known)
{
    for (size_t i = 0; features[i].module != NULL; i++) {
        if (features[i].started != NULL) {
            features[i].started(known);
        }
    }
}
