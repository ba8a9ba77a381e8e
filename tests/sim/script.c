#include "script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 256, STEPS_FIRST = 64, COMMENT_MAX = 200 };

void script_add(struct script *script, unsigned long step)
{
    size_t count = script->count;

    /* There is room up to the next power of two. */
    if (count == 0 || (count >= STEPS_FIRST && (count & (count - 1)) == 0)) {
        unsigned long *wider =
            heap_take((count < STEPS_FIRST ? STEPS_FIRST : 2 * count) * sizeof *wider);

        if (count > 0)
            memcpy(wider, script->steps, count * sizeof *wider);
        free(script->steps);
        script->steps = wider;
    }
    script->steps[script->count++] = step;
}

void script_free(struct script *script)
{
    free(script->steps);
    script->steps = NULL;
    script->count = 0;
}

static bool read_number(const char *text, uint64_t *number)
{
    char *end;

    *number = strtoull(text, &end, 10);
    return *text != 0 && *end == 0;
}

/* Returns what is wrong with it, or NULL. */
static const char *read_line(struct script *script, const char *word, const char *rest)
{
    static char find[LINE_SIZE];
    uint64_t number;

    if (strcmp(word, "drain") == 0) {
        script_add(script, DRAIN);
    } else if (strcmp(word, "paced") == 0) {
        script->paced = true;
    } else if (strcmp(word, "find") == 0) {
        (void)snprintf(find, sizeof find, "%s", rest);
        script->find = find;
    } else if (strcmp(word, "world") == 0) {
        script->kind = kind_named(rest);
        if (script->kind == NULL)
            return "there is no world of that name";
    } else if (!read_number(rest, &number)) {
        return "a number is missing";
    } else if (strcmp(word, "seed") == 0) {
        script->seed = number;
    } else if (strcmp(word, "step") == 0 && number > 0) {
        script_add(script, (unsigned long)number);
    } else {
        return "a line is none of those a script has";
    }
    return NULL;
}

const char *script_read(struct script *script, FILE *file)
{
    char line[LINE_SIZE];
    const char *wrong = NULL;

    *script = (struct script){.kind = NULL};
    while (wrong == NULL && fgets(line, sizeof line, file) != NULL) {
        char *rest = line + strcspn(line, " \n");

        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || line[0] == 0)
            continue;
        if (*rest != 0)
            *rest++ = 0;
        wrong = read_line(script, line, rest);
    }
    if (wrong == NULL && (script->kind == NULL || script->count == 0))
        wrong = "a script has a world and a step at least";
    return wrong;
}

/* One line, of plain characters, no longer than can be read again. */
static void write_comment(const char *text, FILE *file)
{
    (void)fputs("# ", file);
    for (size_t i = 0; i < COMMENT_MAX && text[i] != 0; i++)
        (void)fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '.', file);
    (void)fputc('\n', file);
}

void script_write(const struct script *script, const char *finding, FILE *file)
{
    write_comment(finding, file);
    (void)fprintf(file, "seed %" PRIu64 "\nworld %s\n", script->seed, script->kind->name);
    if (script->paced)
        (void)fprintf(file, "paced\n");
    if (script->find != NULL)
        (void)fprintf(file, "find %s\n", script->find);
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i] == DRAIN)
            (void)fprintf(file, "drain\n");
        else
            (void)fprintf(file, "step %lu\n", script->steps[i]);
    }
}
