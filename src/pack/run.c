/* The program behind every name in PREFIX/bin: it starts what has this name in the image,
   where the image lies over PREFIX.  Nothing of it is setuid. */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "pack.h"

struct config config;
const char *step = "";

/* Put a folder into a list of folders, unless it is there: first, but behind a virtual
   environment that stands on this one. */
static void prepend(const char *name, const char *folder)
{
    const char *old = getenv(name), *top = getenv("VIRTUAL_ENV");
    int is_last = top && strcmp(top, config.prefix) && !strcmp(name, "PATH");
    size_t length = strlen(folder);
    char *text = (char *)folder;

    for (const char *at = old; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL)
        if (!strncmp(at, folder, length) && (at[length] == ':' || !at[length]))
            return;
    if (old && *old &&
        asprintf(&text, "%s:%s", is_last ? old : folder, is_last ? folder : old) < 0)
        err(69, "%s", name);
    setenv(name, text, 1);
}

/* A line of the configuration: KEY VALUE, or KEY NAME=VALUE. */
static void read_line(const char *key, char *value)
{
    char *rest = strchr(value, '=');

    if (rest)
        *rest++ = 0;
    if (!strcmp(key, "prefix"))
        config.prefix = value;
    else if (!strcmp(key, "offset"))
        config.offset = value;
    else if (!strcmp(key, "image"))
        snprintf(config.image, sizeof config.image, "%s/.pack/%s", config.home, value);
    else if (!strcmp(key, "path"))
        config.has_path = 1;
    else if (!strcmp(key, "bind") && rest && config.binds < BINDS) {
        config.from[config.binds] = value;
        config.to[config.binds++] = rest;
    } else if (!strcmp(key, "set") && rest)
        setenv(value, rest, 1);
    else if (!strcmp(key, "prepend") && rest)
        prepend(value, rest);
}

/* Find PREFIX by this file, PREFIX/.pack/run, and read PREFIX/.pack/config. */
static void read_config(void)
{
    static char text[65536];
    char path[PATH_MAX + 512], *rest = NULL;
    ssize_t size = readlink("/proc/self/exe", config.home, sizeof config.home - 1);

    for (int i = 0; size > 0 && i < 2; i++)
        *strrchr(config.home, '/') = 0;
    snprintf(path, sizeof path, "%s/.pack/config", config.home);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        err(69, "%s", path);
    close(file);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *value = strchrnul(line, ' ');
        if (*value)
            *value++ = 0;
        read_line(line, value);
    }
    if (!config.prefix || !config.offset || !*config.image)
        errx(69, "%s: no configuration of this program", path);
}

/* The path by which this program was started, as the kernel has it.  The kernel's is a
   script's where a script named the program as its interpreter. */
static char *own_path(int count, char **words)
{
    char *path = (char *)getauxval(AT_EXECFN);
    for (int i = 1; i < count && i < 3; i++)
        if (!strcmp(words[i], path))
            return words[0];
    return path;
}

/* By the script beside this program: Apptainer, the folder as it was, or an error. */
static _Noreturn void start_otherwise(int count, char **words, const char *name, const char *reason)
{
    char script[PATH_MAX + 512], **line = calloc(count + 4, sizeof *line);

    snprintf(script, sizeof script, "%s/.pack/otherwise", config.home);
    memcpy(line, (const char *[]){"sh", script, reason, name}, 4 * sizeof *line);
    memcpy(line + 4, words + 1, (count - 1) * sizeof *line);
    execv("/bin/sh", line);
    errx(69, "%s", reason);
}

/* Be where the environment is at its place, or start the program another way. */
static void go_inside(int count, char **words, const char *name)
{
    const char *engine = getenv("HPCPY_PACK_ENGINE");
    char folder[PATH_MAX], *reason;

    if (engine && *engine)
        start_otherwise(count, words, name, "HPCPY_PACK_ENGINE");
    if (!getcwd(folder, sizeof folder))
        *folder = 0;
    if (enter()) {
        if (step == config.prefix && errno == ENOENT)
            errx(69, "this was packed as %s, and its paths are of there; next: ln -s %s %s",
                 config.prefix, config.home, config.prefix);
        if (asprintf(&reason, "%s: %s", step, strerror(errno)) > 0)
            start_otherwise(count, words, name, reason);
    }
    if (*folder && chdir(folder))
        err(69, "%s", folder);
}

int main(int count, char **words)
{
    char program[PATH_MAX + 512];

    if (!strcmp(words[0], "hpcpy-mount"))
        return serve(words);
    program_invocation_short_name = "hpcpy pack";
    read_config();
    char *path = own_path(count, words);
    const char *name = basename(path);
    int is_any = !strcmp(name, "pack-exec");
    if (is_any && count < 2)
        errx(64, "usage: pack-exec COMMAND [ARGUMENT ...]");
    go_inside(count, words, name);
    if (is_any) {
        execvp(words[1], words + 1);
        err(69, "%s", words[1]);
    }
    if (config.has_path) {
        /* It may look for what lies beside it: in the image, by PATH. */
        words[0] = (char *)name;
        execvp(name, words);
        err(69, "%s", name);
    }
    /* It may look for itself on PATH, which may have changed. */
    if (!strchr(words[0], '/'))
        words[0] = path;
    execv(path, words);   /* a link to it from elsewhere is one in the image, too */
    snprintf(program, sizeof program, "%s/bin/%s", config.prefix, name);
    if (errno == ENOENT)
        execv(program, words);
    err(69, "%s", program);
}
