#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

/*
 * A server that follows a script: it takes one connection on a Unix socket in a directory of its
 * own, expects these bytes, says those, and at the end of the script expects the client to close
 * without another byte. It runs in a thread; server_join() fails the test with the first thing that
 * was not as it should be.
 */
#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pmad_client.h"

/* Frames as literals; type and size are the last bytes of their numbers: REQ("\x07", "\x09"). */
#define REQ(type, size) "\0REQ\0\0\0" type "\0\0\0" size
#define RES(type, size) "\0RES\0\0\0" type "\0\0\0" size

enum act {
    ACT_END,    /* expects the client to close */
    ACT_HEAR,   /* expects these bytes */
    ACT_SAY,    /* sends these bytes */
    ACT_DRIP,   /* sends them one at a time */
    ACT_AWAIT,  /* waits for server_go() */
    ACT_HANG_UP /* closes */
};

struct step {
    enum act act;
    const char *bytes;
    size_t size;
};

#define HEAR(bytes)                        \
    {                                      \
        ACT_HEAR, bytes, sizeof(bytes) - 1 \
    }
#define SAY(bytes)                        \
    {                                     \
        ACT_SAY, bytes, sizeof(bytes) - 1 \
    }
#define DRIP(bytes)                        \
    {                                      \
        ACT_DRIP, bytes, sizeof(bytes) - 1 \
    }
#define AWAIT              \
    {                      \
        ACT_AWAIT, NULL, 0 \
    }
#define HANG_UP              \
    {                        \
        ACT_HANG_UP, NULL, 0 \
    }
#define END              \
    {                    \
        ACT_END, NULL, 0 \
    }

struct fake_server {
    char directory[32], path[64];
    int listener, peer;
    const struct step *script;
    size_t step;
    sem_t go;
    pthread_t thread;
    char complaint[256];
};

static inline bool server_complain(struct fake_server *server, const char *what)
{
    (void)snprintf(server->complaint, sizeof server->complaint, "step %zu of the script: %s",
                   server->step, what);
    return false;
}

static inline bool server_hear(struct fake_server *server, const char *bytes, size_t size)
{
    char *heard = malloc(size);
    size_t got = 0;
    bool same;

    while (got < size) {
        ssize_t one = read(server->peer, heard + got, size - got);

        if (one <= 0)
            break;
        got += (size_t)one;
    }
    same = got == size && memcmp(heard, bytes, size) == 0;
    free(heard);
    return same || server_complain(server, got < size ? "the client closed too early"
                                                      : "the client said something else");
}

static inline bool server_say(struct fake_server *server, const char *bytes, size_t size,
                              size_t at_once)
{
    while (size > 0) {
        ssize_t put = send(server->peer, bytes, size < at_once ? size : at_once, MSG_NOSIGNAL);

        if (put <= 0)
            return server_complain(server, "the client does not listen");
        bytes += put;
        size -= (size_t)put;
    }
    return true;
}

static inline bool server_do(struct fake_server *server, const struct step *step)
{
    char surplus;

    switch (step->act) {
    case ACT_HEAR:
        return server_hear(server, step->bytes, step->size);
    case ACT_SAY:
        return server_say(server, step->bytes, step->size, step->size);
    case ACT_DRIP:
        return server_say(server, step->bytes, step->size, 1);
    case ACT_AWAIT:
        return sem_wait(&server->go) == 0;
    case ACT_END:
        if (read(server->peer, &surplus, 1) > 0)
            (void)server_complain(server, "the client said more");
        return false;
    case ACT_HANG_UP:
        return false;
    }
    return false;
}

static inline void *server_run(void *arg)
{
    struct fake_server *server = arg;

    server->peer = accept(server->listener, NULL, NULL);
    while (server_do(server, &server->script[server->step]))
        server->step++;
    (void)close(server->peer);
    return NULL;
}

static inline void server_listen(struct fake_server *server)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    (void)strcpy(server->directory, "/tmp/pmadc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(server->directory));
    (void)snprintf(server->path, sizeof server->path, "%s/socket", server->directory);
    memcpy(name.sun_path, server->path, strlen(server->path));
    server->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(server->listener, 0);
    ck_assert_int_eq(bind(server->listener, (const struct sockaddr *)&name, sizeof name), 0);
    ck_assert_int_eq(listen(server->listener, 0), 0);
}

/* Starts the server and connects a client to it. */
static inline struct pmadc *server_start(struct fake_server *server, const struct step *script)
{
    struct pmadc *client;

    *server = (struct fake_server){.script = script};
    server_listen(server);
    ck_assert_int_eq(sem_init(&server->go, 0, 0), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, server_run, server), 0);
    ck_assert_int_eq(pmadc_connect(&client, server->path, 10000), PMADC_OK);
    return client;
}

static inline void server_go(struct fake_server *server)
{
    ck_assert_int_eq(sem_post(&server->go), 0);
}

static inline void server_remove(struct fake_server *server)
{
    (void)close(server->listener);
    (void)unlink(server->path);
    (void)rmdir(server->directory);
}

/* Waits until the script is over, and believes it. */
static inline void server_join(struct fake_server *server)
{
    ck_assert_int_eq(pthread_join(server->thread, NULL), 0);
    (void)sem_destroy(&server->go);
    server_remove(server);
    ck_assert_str_eq(server->complaint, "");
}

/* Closes the client, which the end of a script waits for, and then the same. */
static inline void server_finish(struct fake_server *server, struct pmadc *client)
{
    pmadc_close(client);
    server_join(server);
}

#endif
