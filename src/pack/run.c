/* The program behind every name in PREFIX/bin: it starts what has this name in the image,
   where the image lies over PREFIX.  Nothing of it is setuid. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "pack.h"

struct config config;
int verbose;

static void print(const char *format, va_list words)
{
    char line[9000];
    vsnprintf(line, sizeof line, format, words);
    fprintf(stderr, "hpcpy pack: %s\n", line);
}

void note(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    if (verbose)
        print(format, words);
    va_end(words);
}

void fail(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    print(format, words);
    exit(69);
}

/* Put a folder into a list of folders, unless it is there: first, but behind a virtual
   environment that stands on this one. */
static void prepend(const char *name, const char *folder)
{
    const char *old = getenv(name), *top = getenv("VIRTUAL_ENV");
    int is_last = top && strcmp(top, config.prefix) && !strcmp(name, "PATH");
    size_t length = strlen(folder);
    char *text;

    for (const char *at = old; at && *at; at = strchr(at, ':') ? strchr(at, ':') + 1 : "")
        if (!strncmp(at, folder, length) && (at[length] == ':' || !at[length]))
            return;
    if (!old || !*old)
        text = (char *)folder;
    else if (asprintf(&text, "%s:%s", is_last ? old : folder, is_last ? folder : old) < 0)
        fail("no memory");
    setenv(name, text, 1);
}

static void read_line(char *key, char *value)
{
    char *rest = strchr(value, !strcmp(key, "tree") ? ' ' : '=');

    if (!strcmp(key, "mark"))
        config.mark = value;
    else if (!strcmp(key, "prefix"))
        config.prefix = value;
    else if (!strcmp(key, "offset"))
        config.offset = value;
    else if (!strcmp(key, "image"))
        snprintf(config.image, sizeof config.image, "%s/.pack/%s", config.home, value);
    else if (!strcmp(key, "system"))
        config.is_system = 1;
    else if (!strcmp(key, "tree") && config.trees < TREES && rest) {
        *rest = 0;
        config.tree[config.trees] = value;
        config.place[config.trees++] = rest + 1;
    } else if (!strcmp(key, "set") && rest) {
        *rest = 0;
        setenv(value, rest + 1, 1);
    } else if (!strcmp(key, "prepend") && rest) {
        *rest = 0;
        prepend(value, rest + 1);
    }
}

/* Find PREFIX by this file, PREFIX/.pack/run, and read PREFIX/.pack/config. */
static void read_config(void)
{
    static char text[65536];
    char path[4200], *rest = NULL;
    ssize_t size = readlink("/proc/self/exe", config.home, sizeof config.home - 1);

    for (int i = 0; size > 0 && i < 2; i++) {
        config.home[size] = 0;
        size = strrchr(config.home, '/') - config.home;
    }
    config.home[size > 0 ? size : 0] = 0;
    snprintf(path, sizeof path, "%s/.pack/config", config.home);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || (size = read(file, text, sizeof text - 1)) < 0)
        fail("%s: %s", path, strerror(errno));
    close(file);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchr(line, ' ');
        if (value) {
            *value = 0;
            read_line(line, value + 1);
        }
    }
    if (!config.mark || !config.prefix || !*config.image || !config.offset)
        fail("%s: no configuration of this program", path);
}

/* The name by which this program was started, as the kernel has it.  The kernel's is a
   script's where a script named the program as its interpreter. */
static char *own_name(int count, char **words)
{
    char *name = (char *)getauxval(AT_EXECFN);
    for (int i = 1; i < count && i < 3; i++)
        if (!strcmp(words[i], name))
            return words[0];
    return strncmp(name, "/dev/fd/", 8) ? name : words[0];
}

/* By the script beside this program: Apptainer, the folder as it was, or an error. */
static void start_otherwise(const char *name, char **words, const char *why)
{
    char script[4200], reason[4400];
    int count = 0;

    while (words[count])
        count++;
    char **line = calloc(count + 5, sizeof *line);
    snprintf(script, sizeof script, "%s/.pack/otherwise", config.home);
    snprintf(reason, sizeof reason, "%s%s%s", why, errno ? ": " : "", errno ? strerror(errno) : "");
    memcpy(line, (char *[]){"sh", script, reason, (char *)name}, 4 * sizeof *line);
    memcpy(line + 4, words + 1, count * sizeof *line);
    execv("/bin/sh", line);
    fail("%s", reason);
}

/* Be where the environment is at its place, or start the program another way. */
static void go_inside(const char *name, char **words, int is_folder)
{
    const char *engine = getenv("HPCPY_PACK_ENGINE"), *why = "HPCPY_PACK_ENGINE";
    char folder[4096];

    if (!getcwd(folder, sizeof folder))
        *folder = 0;
    if (is_folder) {
        if (enter_folder(words[1], &why))
            fail("%s: %s; without namespaces: --undo, change it, pack it again", why,
                 strerror(errno));
    } else if ((engine && strcmp(engine, "userns")) || enter(&why)) {
        if (why == config.prefix && errno == ENOENT)
            fail("this was packed as %s, and its paths are of there; next: ln -s %s %s",
                 config.prefix, config.home, config.prefix);
        start_otherwise(name, words, why);
    }
    if (*folder && chdir(folder))
        fail("%s: %s", folder, strerror(errno));
}

int main(int count, char **words)
{
    char program[8400];

    if (!strcmp(words[0], "hpcpy-mount"))
        return serve(words);
    if (!strcmp(words[0], "hpcpy-hold"))
        return hold(words);
    errno = 0;
    verbose = getenv("HPCPY_VERBOSE") && *getenv("HPCPY_VERBOSE");
    read_config();
    char *path = own_name(count, words);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    /* By its own path, not by that of a command of this name: run FOLDER COMMAND. */
    size_t length = strlen(path);
    int is_folder = length > 10 && !strcmp(path + length - 10, "/.pack/run");
    int is_any = !strcmp(name, "pack-exec"), skipped = is_folder ? 2 : is_any;
    if (skipped >= count)
        fail("usage: %s COMMAND [ARGUMENT ...]", name);
    go_inside(name, words, is_folder);
    if (skipped) {
        execvp(words[skipped], words + skipped);
        fail("%s: %s", words[skipped], strerror(errno));
    }
    snprintf(program, sizeof program, "%s/bin/%s", config.prefix, name);
    if (config.is_system) {
        /* It may look for what lies beside it: in the image, by PATH. */
        words[0] = (char *)name;
        execvp(name, words);
    } else {
        /* It may look for itself on PATH, which may have changed. */
        if (!strchr(words[0], '/'))
            words[0] = path;
        execv(path, words);   /* a link to it from elsewhere is one in the image, too */
        if (errno == ENOENT)
            execv(program, words);
    }
    if (errno == ENOTCONN)
        fail("%s cannot be read; is it whole?", config.image);
    fail("%s: %s", config.is_system ? name : program, strerror(errno));
}
