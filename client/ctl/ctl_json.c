#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_table.h"
#include "ctl_text.h"

/* Names are any bytes, JSON is UTF-8: what is none becomes U+FFFD. */
static json_t *json_text(const char *text)
{
    char *repaired = ctl_repair(text, true);
    json_t *made = repaired != NULL ? json_string(repaired) : NULL;

    free(repaired);
    return made;
}

static json_t *json_words(char *text)
{
    json_t *words = json_array();
    char *place = NULL;

    for (char *word = strtok_r(text, " ", &place); word != NULL && words != NULL;
         word = strtok_r(NULL, " ", &place)) {
        if (json_array_append_new(words, json_text(word)) != 0) {
            json_decref(words);
            words = NULL;
        }
    }
    return words;
}

static json_t *json_cell(enum ctl_column_kind kind, char *cell)
{
    switch (kind) {
    case CTL_TEXT:
        return json_text(cell);
    case CTL_COUNT:
    case CTL_SIZE:
        return json_integer(strtoll(cell, NULL, 10));
    case CTL_MS:
        return json_real(strtod(cell, NULL));
    case CTL_WORDS:
        return json_words(cell);
    }
    return NULL;
}

/* NULL without memory. */
static json_t *json_row(const struct ctl_listing *listing, const struct ctl_row *row)
{
    json_t *object = json_object();

    for (size_t i = 0; i < listing->column_count && object != NULL; i++) {
        const struct ctl_column *column = &listing->columns[i];

        if (json_object_set_new(object, column->key, json_cell(column->kind, row->cells[i])) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

bool ctl_table_print_json(const struct ctl_table *table)
{
    json_t *list = json_array();
    bool done = list != NULL;

    for (size_t i = 0; i < table->row_count && done; i++)
        done = json_array_append_new(list, json_row(table->listing, &table->rows[i])) == 0;
    if (done)
        (void)json_dumpf(list, stdout, JSON_INDENT(2));
    json_decref(list);
    (void)putchar('\n');
    return done;
}
