#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "measured.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load_peer.h"

enum { READY_MS = 30000 };

void measured_take(struct measured *daemon, const char *socket)
{
    struct load_peer peer;
    struct ucred owner;
    socklen_t size = sizeof owner;

    *daemon = (struct measured){0};
    snprintf(daemon->socket, sizeof daemon->socket, "%s", socket);
    load_peer_open(&peer, socket);
    if (getsockopt(peer.fd, SOL_SOCKET, SO_PEERCRED, &owner, &size) < 0)
        load_die("SO_PEERCRED", strerror(errno));
    daemon->pid = owner.pid;
    load_peer_close(&peer);
}

/* A datagram socket at `path`, for sd_notify(3). */
static int notify_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        load_die(path, strerror(errno));
    return fd;
}

static void wait_until_ready(int notify)
{
    struct pollfd ready = {.fd = notify, .events = POLLIN};
    char text[4096];

    for (;;) {
        ssize_t size;

        if (poll(&ready, 1, READY_MS) <= 0)
            load_die("pmadd", "is not ready");
        size = recv(notify, text, sizeof text - 1, 0);
        if (size < 0)
            load_die("recv", strerror(errno));
        text[size] = '\0';
        if (strstr(text, "READY=1") != NULL)
            return;
    }
}

void measured_start(struct measured *daemon, const char *program)
{
    char path[96];
    int notify;

    *daemon = (struct measured){.directory = "/tmp/pmadd-bench-XXXXXX"};
    if (mkdtemp(daemon->directory) == NULL)
        load_die(daemon->directory, strerror(errno));
    snprintf(daemon->socket, sizeof daemon->socket, "%s/pmadd.sock", daemon->directory);
    snprintf(path, sizeof path, "%s/notify", daemon->directory);
    notify = notify_socket(path);
    daemon->pid = fork();
    if (daemon->pid < 0)
        load_die("fork", strerror(errno));
    if (daemon->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        setenv("NOTIFY_SOCKET", path, 1);
        execlp(program, program, "--config", "/dev/null", "--set", "server.log_level=warning",
               "--socket", daemon->socket, (char *)NULL);
        load_die(program, strerror(errno));
    }
    wait_until_ready(notify);
    close(notify);
    unlink(path);
}

void measured_end(struct measured *daemon)
{
    int status;

    if (daemon->directory[0] == '\0')
        return;
    kill(daemon->pid, SIGTERM);
    waitpid(daemon->pid, &status, 0);
    rmdir(daemon->directory);
    if (status != 0)
        load_die("pmadd", "did not end well");
}

uint64_t measured_cpu_ns(const struct measured *daemon)
{
    struct timespec used;
    clockid_t clock;

    if (clock_getcpuclockid(daemon->pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
        load_die("pmadd", "its CPU time cannot be read");
    return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}
