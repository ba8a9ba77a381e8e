#include "scenario.h"

void scenario_clients(struct trial *trial)
{
    for (int i = 0; i < 3; i++)
        (void)trial_client(trial);
}

void scenario_tasks(struct trial *trial)
{
    struct actor *clients = trial->actors;

    scenario_clients(trial);
    act(&clients[0], "SUBMIT_JOB f||x");
    act(&clients[1], "SUBMIT_JOB f|id|x");
    act(&clients[2], "SUBMIT_JOB f|id|x");
    act_data(&clients[2], "SUBMIT_JOB_BG f|large|", TRIAL_BODY);
    (void)trial_worker(trial, "f");
}

void scenario_hand(struct trial *trial)
{
    scenario_tasks(trial);
    for (int i = 0; i < 2; i++)
        act(&trial->actors[3], "GRAB_JOB");
}
