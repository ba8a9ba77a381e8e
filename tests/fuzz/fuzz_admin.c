/*
 * Bytes as an administrator sends them to a router that has work: functions with workers and without,
 * tasks that wait, run and are not due. The first byte of the input chooses the setup, the second how
 * many bytes come at a time.
 */
#include "stage.h"
#include "talk.h"
#include "target.h"

enum { PLACE_WORKER, PLACE_CLIENT, PLACE_ADMIN };

/* The handles of the tasks are the same for every input: a dictionary can have them. */
static void prepare(struct stage *stage)
{
    struct remote *worker = stage->places[PLACE_WORKER].remote;
    struct remote *client = stage->places[PLACE_CLIENT].remote;

    post(worker, "CAN_DO a");
    post(worker, "CAN_DO b");
    post(client, "SUBMIT_JOB a|u|1");
    post(client, "SUBMIT_JOB_HIGH_BG c||2");
    post(client, "SUBMIT_JOB_EPOCH a||1700000009|3");
    stage_turn(stage);
    post(worker, "GRAB_JOB");
    stage_turn(stage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.at = data, .size = size};
    uint8_t first = input_byte(&input);
    struct place *admin;
    struct stage stage;

    stage_begin(&stage, first % STAGE_SETUPS);
    for (size_t i = 0; i <= PLACE_ADMIN; i++)
        place_fill(&stage, &stage.places[i]);
    prepare(&stage);
    admin = &stage.places[PLACE_ADMIN];
    admin->remote->piece = input_byte(&input);
    place_post(admin, input.at, input.size);
    stage_turn(&stage);
    stage_end(&stage, false);
    return 0;
}
