/* A filter that flips all bits, as sites have them: a plug-in of HDF5's, linked with
   a libhdf5.  It asks HDF5 what plug-ins ask: the size of the type, that of a variable's,
   and to be given another option. */

#include <stddef.h>
#include <stdint.h>

#define ID 511 /* for tests: nobody has it */

extern int64_t H5T_NATIVE_DOUBLE_g;
int H5open(void);
size_t H5Tget_size(int64_t type);
int H5Pmodify_filter(int64_t list, int id, unsigned flags, size_t count, const unsigned *values);

static int set_local(int64_t list, int64_t type, int64_t space)
{
    const unsigned size = (unsigned)H5Tget_size(type);
    (void)space;
    if (H5open() < 0 || H5Tget_size(H5T_NATIVE_DOUBLE_g) != sizeof(double)) {
        return -1;
    }
    return H5Pmodify_filter(list, ID, 0, 1, &size);
}

static size_t flip(unsigned flags, size_t count, const unsigned *values, size_t bytes,
                   size_t *room, void **buffer)
{
    (void)flags, (void)room;
    if (count != 1 || values[0] != 8) {
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        ((unsigned char *)*buffer)[i] ^= 0xff;
    }
    return bytes;
}

static const struct {
    int version, id;
    unsigned encodes, decodes;
    const char *name;
    void *can_apply, *set_local, *filter;
} filter = {1, ID, 1, 1, "flip", NULL, set_local, flip};

int H5PLget_plugin_type(void)
{
    return 0; /* a filter */
}

const void *H5PLget_plugin_info(void)
{
    return &filter;
}
