#include <stdio.h>
#include <stdlib.h>

#include "pmadc_internal.h"

enum {
    OPTION_SIZE = 24,         /* "pmad-push=65535" and its NUL */
    PARTING_TIMEOUT_MS = 1000 /* how long a worker that is to stop waits to have given its credit
                                 back; what comes later goes back when the connection is closed */
};

static struct gm_slice option_of(char into[OPTION_SIZE], unsigned credits)
{
    (void)snprintf(into, OPTION_SIZE, "pmad-push=%u", credits);
    return gm_text(into);
}

/* ---- what comes in ---- */

bool pmadc_refuses_credit(struct gm_slice code)
{
    return gm_slice_equal(code, gm_text("UNKNOWN_OPTION")) ||
           gm_slice_equal(code, gm_text("ACCESS_DENIED"));
}

bool pmadc_credit_granted(struct pmadc *client, const struct pmadc_pending *question,
                          struct gm_slice answer)
{
    char option[OPTION_SIZE];

    if (!gm_slice_equal(answer, option_of(option, question->credits)))
        return false;
    client->granted = question->credits;
    /* Who is sent tasks unasked is not woken: when the credit has gone back, he asks. */
    if (client->granted > 0 && client->round == PMADC_ASLEEP)
        client->round = PMADC_AWAKE;
    return true;
}

enum pmadc_status pmadc_task_came(struct pmadc *client)
{
    uint32_t most = (uint32_t)client->granted + (client->round == PMADC_ASKED ? 1 : 0);

    if (client->in_hand >= most)
        return pmadc_die(client, PMADC_PROTOCOL, "the daemon sent a task beyond the %u it may send",
                         (unsigned)most);
    client->in_hand++;
    return PMADC_OK;
}

/* ---- what is said ---- */

enum pmadc_status pmadc_agree(struct pmadc *client, unsigned credits, int64_t deadline)
{
    char option[OPTION_SIZE];
    struct gm_slice text = option_of(option, credits);
    struct pmadc_pending *question;
    struct pmadc_frame answer;
    enum pmadc_status status;
    bool refused;

    if (client->granted == credits && !client->credit_open)
        return PMADC_OK;
    question = pmadc_question(client, GM_OPTION_RES, false);
    if (question != NULL) {
        question->about_credit = true;
        question->credits = (uint16_t)credits;
    }
    status = pmadc_ask(client, GM_OPTION_REQ, &text, (struct gm_slice){NULL, 0}, question, deadline,
                       &answer);
    if (status == PMADC_OK)
        free(answer.pending);
    refused = status == PMADC_REFUSED && pmadc_refuses_credit(gm_text(client->error_code));
    if (refused)
        client->credits = client->granted;
    client->credit_open = status != PMADC_OK && !refused;
    return status;
}

enum pmadc_status pmadc_retire(struct pmadc *client)
{
    return pmadc_agree(client, 0, pmadc_deadline(PARTING_TIMEOUT_MS));
}

enum pmadc_status pmadc_worker_credit(struct pmadc *client, unsigned credits, int timeout_ms)
{
    enum pmadc_status status = pmadc_begin(client);

    if (status != PMADC_OK)
        return status;
    if (credits > PMADC_CREDIT_MAX)
        return pmadc_fail(client, PMADC_INVALID, "a worker has 0 to %d credits, not %u",
                          PMADC_CREDIT_MAX, credits);
    client->credits = (uint16_t)credits;
    return pmadc_agree(client, credits, pmadc_deadline(timeout_ms));
}
