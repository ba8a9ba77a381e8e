#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_ROOM = 64 * 1024 };

/* ---- looking for it ---- */

static bool is_program(const char *path)
{
    struct stat found;

    if (stat(path, &found) != 0 || access(path, X_OK) != 0)
        return false;
    if (S_ISREG(found.st_mode))
        return true;
    errno = EACCES;
    return false;
}

bool ctl_command_exists(const char *name)
{
    const char *path = getenv("PATH");
    char candidate[4096];

    if (strchr(name, '/') != NULL)
        return is_program(name);
    if (path == NULL)
        path = "/bin:/usr/bin";
    while (*path != '\0') {
        size_t size = strcspn(path, ":");

        (void)snprintf(candidate, sizeof candidate, "%.*s/%s", size > 0 ? (int)size : 1,
                       size > 0 ? path : ".", name);
        if (is_program(candidate))
            return true;
        path += size + (path[size] == ':');
    }
    errno = ENOENT;
    return false;
}

/* ---- starting it ---- */

/* The two pipes: ours are the ends that do not block. */
struct pipes {
    int stdin_child, stdin_ours, stdout_ours, stdout_child;
};

static void close_end(int *end)
{
    if (*end >= 0)
        (void)close(*end);
    *end = -1;
}

static void pipes_close(struct pipes *pipes)
{
    close_end(&pipes->stdin_child);
    close_end(&pipes->stdin_ours);
    close_end(&pipes->stdout_ours);
    close_end(&pipes->stdout_child);
}

static bool pipes_open(struct pipes *pipes)
{
    int in[2] = {-1, -1};
    int out[2] = {-1, -1};
    bool opened = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0;

    *pipes = (struct pipes){in[0], in[1], out[0], out[1]};
    opened = opened && fcntl(pipes->stdin_ours, F_SETFL, O_NONBLOCK) == 0 &&
             fcntl(pipes->stdout_ours, F_SETFL, O_NONBLOCK) == 0;
    if (!opened)
        pipes_close(pipes);
    return opened;
}

/* Returns 0 or an errno. */
static int spawn(struct ctl_command *command, const struct pipes *pipes)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    pid_t child;
    int error;

    (void)sigemptyset(&defaults);
    (void)sigaddset(&defaults, SIGPIPE);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigdefault(&attributes, &defaults);
    error = posix_spawn_file_actions_adddup2(&files, pipes->stdin_child, STDIN_FILENO);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&files, pipes->stdout_child, STDOUT_FILENO);
    if (error == 0)
        error = posix_spawnp(&child, command->argv[0], &files, &attributes, command->argv, environ);
    if (error == 0)
        command->group = child;
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

/* ---- feeding it and listening to it ---- */

/* True while there is more to come. */
static bool read_output(struct ctl_command *command, int fd, int *error)
{
    ssize_t got;

    if (command->output_room - command->output_size < READ_ROOM) {
        size_t room = command->output_room == 0 ? READ_ROOM : 2 * command->output_room;
        uint8_t *wider = realloc(command->output, room);

        if (wider == NULL) {
            *error = ENOMEM;
            return false;
        }
        command->output = wider;
        command->output_room = room;
    }
    got = read(fd, command->output + command->output_size,
               command->output_room - command->output_size);
    if (got > 0)
        command->output_size += (size_t)got;
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* True while there is more to say. A command that does not want to hear it all is content. */
static bool write_input(int fd, const uint8_t **payload, size_t *size)
{
    ssize_t put = write(fd, *payload, *size);

    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    *payload += put;
    *size -= (size_t)put;
    return *size > 0;
}

/* Until the command has closed its stdout; returns 0 or an errno. */
static int talk(struct ctl_command *command, struct pipes *pipes, const uint8_t *payload,
                size_t size)
{
    int error = 0;

    if (size == 0)
        close_end(&pipes->stdin_ours);
    while (pipes->stdout_ours >= 0) {
        struct pollfd pollers[] = {{.fd = pipes->stdout_ours, .events = POLLIN},
                                   {.fd = pipes->stdin_ours, .events = POLLOUT}};

        if (poll(pollers, 2, -1) < 0)
            continue; /* a signal: the task at hand is finished all the same */
        if (pollers[1].revents != 0 && !write_input(pipes->stdin_ours, &payload, &size))
            close_end(&pipes->stdin_ours);
        if (pollers[0].revents != 0 && !read_output(command, pipes->stdout_ours, &error))
            close_end(&pipes->stdout_ours);
    }
    close_end(&pipes->stdin_ours);
    return error;
}

int ctl_command_run(struct ctl_command *command, const void *payload, size_t size)
{
    struct pipes pipes;
    int status = 0;
    int error;
    pid_t waited;

    command->output_size = 0;
    if (!pipes_open(&pipes))
        return -1;
    error = spawn(command, &pipes);
    if (error != 0) {
        pipes_close(&pipes);
        errno = error;
        return -1;
    }
    close_end(&pipes.stdin_child);
    close_end(&pipes.stdout_child);
    error = talk(command, &pipes, payload, size);
    do
        waited = waitpid(command->group, &status, 0);
    while (waited < 0 && errno == EINTR);
    command->group = 0;
    errno = error != 0 ? error : errno;
    return error != 0 || waited < 0 ? -1 : status;
}
