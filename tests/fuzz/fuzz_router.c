/*
 * Bytes become what peers do to a small router: connect, leave, send frames good and bad, stop
 * reading, let time pass. Whatever it is, the core must stay consistent and the pools whole.
 */
#include <string.h>

#include "rig.h"
#include "talk.h"

enum { PEERS = 6, TOLD_MAX = 64 };

/* What is left of the input. */
struct input {
    const uint8_t *at;
    size_t size;
};

struct stage {
    struct rig rig;
    struct remote *remotes[PEERS];
    char handle[TOLD_MAX]; /* of the assignment that anybody heard last */
};

static uint8_t take(struct input *input)
{
    if (input->size == 0)
        return 0;
    input->size--;
    return *input->at++;
}

/* The next bytes, as many as the byte ahead of them says. */
static struct input take_run(struct input *input)
{
    struct input run = {.size = take(input)};

    if (run.size > input->size)
        run.size = input->size;
    run.at = input->at;
    input->at += run.size;
    input->size -= run.size;
    return run;
}

static struct rig_setup setup_tiny(void)
{
    struct rig_setup setup = rig_setup_ample();

    setup.limits = (struct router_limits){.connections = PEERS,
                                          .tasks = 10,
                                          .functions = 3,
                                          .function_name_max = 24,
                                          .payload_max = 12000,
                                          .text_line_max = 64,
                                          .submissions_per_connection = 4,
                                          .registrations_per_worker = 2,
                                          .outbox_max = 20000,
                                          .slow_peer_grace_us = 2000,
                                          .frame_timeout_us = 5000,
                                          .idle_timeout_us = 9000};
    setup.tasks = (struct pmad_layout){
        .pool_size = 40960, .class_count = 2, .classes = {{320, 50}, {2048, 50}}};
    setup.wire = (struct pmad_layout){.pool_size = router_wire_floor(&setup.limits) + 16384,
                                      .class_count = 3,
                                      .classes = {{128, 20}, {512, 20}, {4096, 60}}};
    return setup;
}

/* ---- what can happen ---- */

static void frame(struct remote *remote, uint32_t type, const void *front, size_t front_size,
                  struct input run)
{
    post_header(remote, "|REQ", type, (uint32_t)(front_size + run.size));
    remote_post(remote, front, front_size);
    remote_post(remote, run.at, run.size);
}

/* A submission of a known function with a body of up to some 16,000 bytes. */
static void submit(struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {7, 18, 21, 32, 33, 34};
    static uint8_t body[256 * 64];
    uint8_t kind = take(input);
    const uint8_t front[] = {(uint8_t)('a' + kind % 3), 0, 0};
    size_t size = take(input) * (size_t)64;

    frame(remote, types[kind % 6], front, sizeof front, (struct input){.at = body, .size = size});
}

/* What a worker says about the task that was assigned last, whoever has it. */
static void work(const struct stage *stage, struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {12, 13, 14, 25, 28, 29};
    static uint8_t body[256 * 64];
    uint8_t kind = take(input);
    struct input run = take_run(input);

    if (kind & 0x80) /* much more than what is left of the input */
        run = (struct input){.at = body, .size = run.size * 64};
    frame(remote, types[kind % 6], stage->handle, strlen(stage->handle) + (kind & 0x40 ? 1 : 0),
          run);
}

static void request(struct remote *remote, struct input *input)
{
    static const uint32_t types[] = {1, 2, 3, 4, 9, 15, 16, 22, 26, 30, 39};
    uint8_t kind = take(input);

    frame(remote, types[kind % (sizeof types / sizeof *types)], NULL, 0, take_run(input));
}

static void habits(struct remote *remote, struct input *input)
{
    uint8_t appetite = take(input);

    remote->piece = take(input);
    remote->slices = take(input) % 5;
    remote->appetite = appetite == 255 ? SIZE_MAX : appetite * (size_t)appetite;
}

static void listen_to(struct stage *stage, struct remote *remote)
{
    struct heard_frame heard;

    while (hear_frame(remote, &heard)) {
        size_t size = 0;

        if (heard.is_line || (heard.type != 11 && heard.type != 31))
            continue;
        while (size < heard.size && heard.bytes[size] != 0 && size + 1 < sizeof stage->handle)
            size++;
        memcpy(stage->handle, heard.bytes, size);
        stage->handle[size] = 0;
    }
}

/* The remote in a place; a new one where there is none, or only one that the core has ended. */
static struct remote *remote_at(struct stage *stage, size_t place)
{
    struct remote **remote = &stage->remotes[place];

    if (*remote != NULL && (*remote)->seat == NULL) {
        remote_free(*remote);
        *remote = NULL;
    }
    if (*remote == NULL)
        *remote = remote_new(&stage->rig);
    return *remote;
}

static void act(struct stage *stage, struct input *input)
{
    uint8_t what = take(input);
    struct remote *remote = remote_at(stage, what % PEERS);
    struct input run;

    switch (what / PEERS % 9) {
    case 0:
        remote_leave(remote);
        break;
    case 1:
        run = take_run(input);
        remote_post(remote, run.at, run.size);
        break;
    case 2:
        submit(remote, input);
        break;
    case 3:
        work(stage, remote, input);
        break;
    case 4:
        request(remote, input);
        break;
    case 5:
        habits(remote, input);
        break;
    case 6:
        stage->rig.now.mono_us += take(input) * (uint64_t)64;
        break;
    case 7:
        remote_post(remote, "status\nworkers\npools\n", 21);
        break;
    default:
        frame(remote, take(input) % 2 == 0 ? 9 : 4, NULL, 0, (struct input){0});
        break;
    }
}

/* NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.at = data, .size = size};
    struct rig_setup setup = setup_tiny();
    struct stage stage = {0};

    rig_init(&stage.rig, &setup);
    while (input.size > 0) {
        act(&stage, &input);
        rig_turn(&stage.rig);
        for (size_t i = 0; i < PEERS; i++)
            if (stage.remotes[i] != NULL)
                listen_to(&stage, stage.remotes[i]);
    }
    rig_check(&stage.rig);
    rig_finish(&stage.rig);
    return 0;
}
