#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "ctl_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl_terminal.h"
#include "ctl_text.h"

enum { BAR_WIDTH = 20 };

/* ---- reading ---- */

/* From the end: only the first cell, a function's name, may have tabs of its own. */
static bool cut_at_tabs(char *line, char **cells, size_t count)
{
    for (size_t i = count - 1; i > 0; i--) {
        char *tab = strrchr(line, '\t');

        if (tab == NULL)
            return false;
        *tab = '\0';
        cells[i] = tab + 1;
    }
    cells[0] = line;
    return true;
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

enum pmadc_status ctl_table_read(struct ctl_table *table, const struct ctl_listing *listing,
                                 const char *lines)
{
    size_t count = count_lines(lines);
    char *rest;

    *table = (struct ctl_table){.listing = listing};
    table->text = strdup(lines);
    table->rows = calloc(count + 1, sizeof *table->rows);
    if (table->text == NULL || table->rows == NULL) {
        ctl_table_free(table);
        return PMADC_MEMORY;
    }
    rest = table->text;
    while (table->row_count < count) {
        char *line = strsep(&rest, "\n");
        char **cells = table->rows[table->row_count++].cells;

        if (!(listing->cut != NULL ? listing->cut(line, cells)
                                   : cut_at_tabs(line, cells, listing->column_count))) {
            ctl_table_free(table);
            return PMADC_PROTOCOL;
        }
    }
    return PMADC_OK;
}

void ctl_table_free(struct ctl_table *table)
{
    free(table->rows);
    free(table->text);
    *table = (struct ctl_table){.listing = NULL};
}

/* ---- printing ---- */

static bool print_for_scripts(const struct ctl_table *table)
{
    for (size_t row = 0; row < table->row_count; row++)
        for (size_t i = 0; i < table->listing->column_count; i++)
            (void)printf("%s%c", table->rows[row].cells[i],
                         i + 1 < table->listing->column_count ? '\t' : '\n');
    return true;
}

/* A cell as people see it; to be freed. */
static char *shown(const struct ctl_column *column, const char *cell)
{
    char size[CTL_SIZE_TEXT];

    if (column->kind == CTL_SIZE)
        cell = ctl_human_size(size, strtoull(cell, NULL, 10));
    return ctl_repair(cell, false);
}

static bool measure(const struct ctl_table *table, size_t *widths)
{
    const struct ctl_listing *listing = table->listing;

    for (size_t i = 0; i < listing->column_count; i++) {
        widths[i] = strlen(listing->columns[i].title);
        for (size_t row = 0; row < table->row_count; row++) {
            char *text = shown(&listing->columns[i], table->rows[row].cells[i]);
            size_t width = text != NULL ? ctl_width(text) : 0;

            if (text == NULL)
                return false;
            widths[i] = width > widths[i] ? width : widths[i];
            free(text);
        }
    }
    return true;
}

/* Numbers stand to the right, and the last column is not filled up. */
static void print_cell(const struct ctl_listing *listing, size_t i, size_t width, const char *text)
{
    int gap = (int)(width - ctl_width(text));
    enum ctl_column_kind kind = listing->columns[i].kind;
    bool is_number = kind == CTL_COUNT || kind == CTL_SIZE || kind == CTL_MS;
    bool is_last = i + 1 == listing->column_count;

    if (is_number)
        (void)printf("%*s%s", gap, "", text);
    else
        (void)printf("%s%*s", text, is_last ? 0 : gap, "");
    if (!is_last)
        (void)printf("  ");
}

static bool has_bar(const struct ctl_listing *listing)
{
    return listing->bar_of != listing->bar_whole;
}

static void print_bar(const struct ctl_listing *listing, const struct ctl_row *row)
{
    double part = strtod(row->cells[listing->bar_of], NULL);
    double whole = strtod(row->cells[listing->bar_whole], NULL);
    double share = whole > 0 && part <= whole ? part / whole : part > 0 ? 1 : 0;
    char bar[BAR_WIDTH + 1];

    (void)printf("  %s[%s]%s %3.0f%%", ctl_colour(STDOUT_FILENO, ctl_colour_of_share(share)),
                 ctl_bar(bar, BAR_WIDTH, share), ctl_colour(STDOUT_FILENO, CTL_PLAIN), share * 100);
}

static bool print_for_people(const struct ctl_table *table)
{
    const struct ctl_listing *listing = table->listing;
    size_t widths[CTL_COLUMNS_MAX];

    if (!measure(table, widths))
        return false;
    (void)fputs(ctl_colour(STDOUT_FILENO, CTL_BOLD), stdout);
    for (size_t i = 0; i < listing->column_count; i++)
        print_cell(listing, i, widths[i], listing->columns[i].title);
    (void)printf("%s\n", ctl_colour(STDOUT_FILENO, CTL_PLAIN));
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < listing->column_count; i++) {
            char *text = shown(&listing->columns[i], table->rows[row].cells[i]);

            if (text == NULL)
                return false;
            print_cell(listing, i, widths[i], text);
            free(text);
        }
        if (has_bar(listing))
            print_bar(listing, &table->rows[row]);
        (void)putchar('\n');
    }
    return true;
}

bool ctl_table_print(const struct ctl_table *table, enum ctl_style style)
{
    switch (style) {
    case CTL_FOR_PEOPLE:
        return print_for_people(table);
    case CTL_FOR_SCRIPTS:
        return print_for_scripts(table);
    case CTL_AS_JSON:
        return ctl_table_print_json(table);
    }
    return false;
}
