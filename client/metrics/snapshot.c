#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "snapshot.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctl_text.h"

/* What is asked, and the head of those that have none of their own. */
static const struct {
    const char *line, *head;
} listings[SNAPSHOT_LISTINGS] = {
    [SNAPSHOT_STATS] = {"stats", "name\tvalue\n"},
    [SNAPSHOT_FUNCTIONS] = {"functions", ""},
    [SNAPSHOT_HISTOGRAMS] = {"histograms", ""},
    [SNAPSHOT_POOLS] = {"pools", "pool\tclass\tblocks\tused\thigh_water\trefused\n"},
};

/* ---- tables ---- */

static size_t count(const char *text, char c, char until)
{
    size_t found = 0;

    for (; *text != '\0' && *text != until; text++)
        found += *text == c;
    return found;
}

/* Cuts a line at its TABs; false where it has not as many as the head. */
static bool cut(char *line, char **cells, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        cells[i] = strsep(&line, "\t");
        if (cells[i] == NULL)
            return false;
    }
    return line == NULL;
}

static enum pmadc_status table_cut(struct snapshot_table *table)
{
    size_t lines = count(table->text, '\n', '\0');
    char *rest = table->text;

    if (lines == 0)
        return PMADC_PROTOCOL;
    table->columns = 1 + count(table->text, '\t', '\n');
    table->cells = calloc(lines * table->columns, sizeof *table->cells);
    if (table->cells == NULL)
        return PMADC_MEMORY;
    for (size_t i = 0; i < lines; i++)
        if (!cut(strsep(&rest, "\n"), table->cells + i * table->columns, table->columns))
            return PMADC_PROTOCOL;
    table->rows = lines - 1;
    return PMADC_OK;
}

static enum pmadc_status table_take(struct snapshot_table *table, const char *head,
                                    const char *lines)
{
    size_t size = strlen(head) + strlen(lines) + 1;

    table->text = malloc(size);
    if (table->text == NULL)
        return PMADC_MEMORY;
    (void)stpcpy(stpcpy(table->text, head), lines);
    return table_cut(table);
}

const char *snapshot_head(const struct snapshot_table *table, size_t column)
{
    return table->cells[column];
}

const char *snapshot_cell(const struct snapshot_table *table, size_t row, size_t column)
{
    return table->cells[(row + 1) * table->columns + column];
}

size_t snapshot_column(const struct snapshot_table *table, const char *name)
{
    size_t column = 0;

    while (column < table->columns && strcmp(snapshot_head(table, column), name) != 0)
        column++;
    return column;
}

/* ---- snapshots ---- */

static enum pmadc_status take_version(struct snapshot *snapshot, struct pmadc *client,
                                      int timeout_ms)
{
    const char *text;
    enum pmadc_status status = pmadc_admin(client, "version", timeout_ms, &text);

    if (status != PMADC_OK)
        return status;
    snapshot->version = strdup(strncmp(text, "OK ", 3) == 0 ? text + 3 : text);
    return snapshot->version != NULL ? PMADC_OK : PMADC_MEMORY;
}

enum pmadc_status snapshot_take(struct snapshot *snapshot, struct pmadc *client,
                                enum snapshot_listing wanted, int timeout_ms)
{
    enum pmadc_status status;
    const char *text;

    *snapshot = (struct snapshot){.version = NULL};
    status = take_version(snapshot, client, timeout_ms);
    for (int i = 0; i < (int)wanted && status == PMADC_OK; i++) {
        status = pmadc_admin(client, listings[i].line, timeout_ms, &text);
        if (status == PMADC_OK)
            status = table_take(&snapshot->tables[i], listings[i].head, text);
    }
    if (status != PMADC_OK)
        snapshot_free(snapshot);
    return status;
}

void snapshot_free(struct snapshot *snapshot)
{
    for (int i = 0; i < SNAPSHOT_LISTINGS; i++) {
        free(snapshot->tables[i].cells);
        free(snapshot->tables[i].text);
    }
    free(snapshot->version);
    *snapshot = (struct snapshot){.version = NULL};
}

const char *snapshot_figure(const struct snapshot *snapshot, const char *name)
{
    const struct snapshot_table *stats = &snapshot->tables[SNAPSHOT_STATS];

    for (size_t row = 0; row < stats->rows; row++)
        if (strcmp(snapshot_cell(stats, row, 0), name) == 0)
            return snapshot_cell(stats, row, 1);
    return NULL;
}

/* ---- names ---- */

static unsigned digit(char c)
{
    return isdigit((unsigned char)c) ? (unsigned)(c - '0')
                                     : (unsigned)(toupper((unsigned char)c) - 'A') + 10;
}

static void percent_decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; to++) {
        if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
            isxdigit((unsigned char)from[2])) {
            *to = (char)(digit(from[1]) * 16 + digit(from[2]));
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

char *snapshot_name(const char *encoded)
{
    char *decoded = strdup(encoded);
    char *repaired = NULL;
    char *name = NULL;

    if (decoded != NULL) {
        percent_decode(decoded);
        repaired = ctl_repair(decoded, true);
    }
    if (repaired != NULL) {
        bool is_plain = strcmp(repaired, decoded) == 0 && strchr(decoded, '%') == NULL;

        name = strdup(is_plain ? decoded : encoded);
    }
    free(repaired);
    free(decoded);
    return name;
}
