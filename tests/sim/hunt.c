#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */

#include "hunt.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "script.h"
#include "shrink.h"

enum { PATIENCE_S = 600 }; /* after that what has been reached must do */

static void be_silent(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
}

bool hunt_finds(const struct plan *plan)
{
    int status = 0;
    pid_t child;

    (void)fflush(NULL);
    plan->progress->finding[0] = 0;
    child = fork();
    if (child == 0) {
        be_silent();
        (void)run_play(plan);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("pmadd-sim");
        exit(2);
    }
    if (status != 0 && plan->progress->finding[0] == 0)
        (void)snprintf(plan->progress->finding, sizeof plan->progress->finding,
                       "the process has died");
    return status != 0;
}

/* ---- one finding and another ---- */

/* Copies the words of a finding: numbers, handles and messages differ from script to script. */
static void words_of(const char *finding, char *words, size_t size)
{
    size_t count = 0;

    for (; *finding != 0 && *finding != '(' && count + 1 < size; finding++)
        if (!isdigit((unsigned char)*finding))
            words[count++] = *finding;
    words[count] = 0;
}

struct hunt {
    struct plan plan;
    char words[256];
    time_t until;
};

static bool leads_there(const struct script *script, void *context)
{
    struct hunt *hunt = context;
    struct plan plan = hunt->plan;
    char words[sizeof hunt->words];

    plan.script = *script;
    if (script->count == 0 || time(NULL) > hunt->until || !hunt_finds(&plan))
        return false;
    words_of(plan.progress->finding, words, sizeof words);
    return strcmp(words, hunt->words) == 0;
}

/* ---- shrinking ---- */

/* The steps that have been played, as a script. */
static void write_down(struct script *script, const struct plan *plan)
{
    const struct progress *progress = plan->progress;
    unsigned long step = 0;

    *script = plan->script;
    script->steps = NULL;
    script->count = 0;
    for (size_t i = 0; i < progress->played; i++) {
        if (plan->script.steps != NULL)
            script_add(script, plan->script.steps[i]);
        else
            script_add(script, i + 1 == progress->drain ? DRAIN : ++step);
    }
}

bool hunt_shrinks(const struct plan *plan, const char *file_name)
{
    struct hunt hunt = {.plan = *plan, .until = time(NULL) + PATIENCE_S};
    struct script script;
    FILE *file;
    size_t before;

    hunt.plan.check_all = true;
    printf("finding: %s\n", plan->progress->finding);
    words_of(plan->progress->finding, hunt.words, sizeof hunt.words);
    write_down(&script, plan);
    before = script.count;
    shrink(&script, leads_there, &hunt);
    hunt.plan.script = script;
    (void)hunt_finds(&hunt.plan);
    file = fopen(file_name, "w");
    if (file == NULL) {
        perror(file_name);
        return false;
    }
    script_write(&script, plan->progress->finding, file);
    printf("%zu steps of %zu lead to it; to see them: pmadd-sim --script %s --verbose\n",
           script.count, before, file_name);
    script_free(&script);
    return fclose(file) == 0;
}
