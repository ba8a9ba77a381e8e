#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <argp.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl_text.h"
#include "page.h"
#include "place.h"

enum {
    EXIT_USAGE = 2,
    TIMEOUT_MS = 5000,
    CONNECTIONS_MAX = 64,
    IDLE_S = 10 /* a connection that says nothing */
};

static const char default_place[] = "127.0.0.1:9730";

const char *argp_program_version = "pmadd-exporter " PMADD_VERSION;

/* ---- arguments ---- */

struct arguments {
    struct page_source source;
    const char *listen;
};

static const struct argp_option options[] = {
    {.name = "socket", .key = 's', .arg = "PATH|HOST:PORT", .doc = "where the daemon listens"},
    {.name = "listen",
     .key = 'l',
     .arg = "HOST:PORT|PATH",
     .doc = "where to answer: a loopback address or a Unix socket (127.0.0.1:9730)"},
    {.name = "timeout",
     .key = 't',
     .arg = "DURATION",
     .doc = "how long the daemon may take for an answer (5s)"},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 's':
        arguments->source.address = arg;
        return 0;
    case 'l':
        arguments->listen = arg;
        return 0;
    case 't':
        if (!ctl_duration(arg, &arguments->source.timeout_ms) || arguments->source.timeout_ms == 0)
            argp_error(state, "%s is no duration; say 500ms, 10s or 1m", arg);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "what is %s for?", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {
    .options = options,
    .parser = parse,
    .doc = "Serves what pmadd tells of itself over HTTP: /metrics for Prometheus, /status.json, "
           "/healthz and /readyz.\vExample:\n  pmadd-exporter --listen=127.0.0.1:9730",
};

/* ---- HTTP ---- */

static enum MHD_Result send_page(struct MHD_Connection *connection, struct page *page)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(page->size, page->text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result done;

    if (response == NULL) {
        free(page->text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page->type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    done = MHD_queue_response(connection, page->status, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result send_not_allowed(struct MHD_Connection *connection)
{
    static char text[] = "only GET and HEAD\n";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result done;

    if (response == NULL)
        return MHD_NO;
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    done = MHD_queue_response(connection, MHD_HTTP_METHOD_NOT_ALLOWED, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result on_request(void *source, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct page page;

    (void)version;
    (void)upload;
    (void)state;
    *upload_size = 0; /* what is uploaded is dropped */
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return send_not_allowed(connection);
    page_make(&page, path, source);
    return send_page(connection, &page);
}

/* ---- the whole ---- */

/* The signals that end it are waited for, by nobody but main(). */
static sigset_t block_signals(void)
{
    sigset_t signals;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

static int serve(const struct place *place, struct page_source *source)
{
    sigset_t signals = block_signals();
    struct MHD_Daemon *server;
    int number;

    server = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, on_request, source,
                              MHD_OPTION_LISTEN_SOCKET, place->fd, MHD_OPTION_CONNECTION_LIMIT,
                              (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                              (unsigned)IDLE_S, MHD_OPTION_END);
    if (server == NULL) {
        (void)fprintf(stderr, "pmadd-exporter: %s: the HTTP server does not start\n", place->name);
        return EXIT_FAILURE;
    }
    (void)fprintf(stderr, "pmadd-exporter: answers at %s\n", place->name);
    (void)sigwait(&signals, &number);
    MHD_stop_daemon(server);
    return EXIT_SUCCESS;
}

/* Where it was told to; else where systemd listens for it; else the default. */
static enum place_status open_place(struct place *place, const char *listen)
{
    char why[PLACE_TEXT];
    enum place_status status;

    if (listen == NULL && place_passed(place, &status, why)) {
        if (status != PLACE_OK)
            (void)fprintf(stderr, "pmadd-exporter: the socket that was passed on: %s\n", why);
        return status;
    }
    if (listen == NULL)
        listen = default_place;
    status = place_open(place, listen, why);
    if (status != PLACE_OK)
        (void)fprintf(stderr, "pmadd-exporter: --listen=%s: %s\n", listen, why);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.source = {.timeout_ms = TIMEOUT_MS}};
    struct place place;
    enum place_status status;
    int done;

    argp_err_exit_status = EXIT_USAGE;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    status = open_place(&place, arguments.listen);
    if (status != PLACE_OK)
        return status == PLACE_WRONG ? EXIT_USAGE : EXIT_FAILURE;
    done = serve(&place, &arguments.source);
    place_remove(&place);
    return done;
}
