/*
 * router_load --protocol NAME --server ADDRESS --server-pid PID --mode MODE [OPTION...]
 *
 * Loads a task server from both sides, as its clients and its workers, in one thread; prints one line of
 * what that cost. --help says what there is, README.md what the line means.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "fail.h"
#include "load.h"

/* The server's CPU time for a task, in microseconds, and its two parts in the ratio of the ticks. */
struct cost {
    double cpu_us, user_us, system_us;
};

static struct cost cost_of(const struct window *window)
{
    double us = (double)(window->after.cpu_ns - window->before.cpu_ns) / 1e3;
    double user = (double)(window->after.user_ticks - window->before.user_ticks);
    double system = (double)(window->after.system_ticks - window->before.system_ticks);
    struct cost cost = {.cpu_us = us / (double)window->ended};

    cost.user_us = user + system > 0 ? cost.cpu_us * user / (user + system) : NAN;
    cost.system_us = cost.cpu_us - cost.user_us;
    return cost;
}

static void report(const struct load *load)
{
    const struct options *options = load->options;
    const struct window *window = &load->window;
    const struct latency *latency = &load->latency;
    double seconds = (double)(window->end_ns - window->begin_ns) / 1e9;
    struct cost cost = cost_of(window);

    printf("bench=router protocol=%s mode=%s push=%u clients=%u flight=%u workers=%u size=%zu "
           "tasks=%" PRIu64 " seconds=%.3f tasks_per_s=%.0f user_us=%.4f system_us=%.4f "
           "cpu_us=%.4f p50_us=%.2f p99_us=%.2f p999_us=%.2f max_us=%.2f lost=%" PRIu64 " "
           "idle=%u rss_kib=%" PRIu64 " ",
           options->protocol->name, options->mode->name, options->push, options->clients,
           options->flight, options->workers, options->size, window->ended, seconds,
           (double)window->ended / seconds, cost.user_us, cost.system_us, cost.cpu_us,
           latency_us(latency, 0.5), latency_us(latency, 0.99), latency_us(latency, 0.999),
           latency_us(latency, 1), load->outstanding - load->unfinished, options->idle,
           load->rss_kib);
    printf("rss_begin_kib=%" PRIu64 " idle_as=%s functions=%u rate=%g spin=%d unfinished=%" PRIu64
           " refused=%" PRIu64 " load_cpu_us=%.4f\n",
           load->rss_begin_kib, idle_names[options->idle_as], options->functions,
           options->mode == &open_loop ? options->rate : 0, options->spin, load->unfinished,
           load->refused, (double)window->own_cpu_ns / 1e3 / (double)window->ended);
}

int main(int argc, char **argv)
{
    static struct load load;
    struct options options;

    options_read(&options, argc, argv);
    prctl(PR_SET_TIMERSLACK, 1UL); /* a sleep ends when it should */
    load_init(&load, &options);
    peers_open_idle(&load);
    options.mode->run(&load);
    load.rss_kib = server_rss_kib(options.server_pid);
    if (load.window.ended == 0)
        fail("no task ended while it was measured");
    if (options.check && !load.background && load.outstanding + load.refused == 0 &&
        load.number_sum != 0)
        fail("a task came back twice, and another one never");
    report(&load);
    return EXIT_SUCCESS;
}
