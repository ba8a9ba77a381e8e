#define _GNU_SOURCE /* NOLINT(readability-identifier-naming): the name is libc's */
#include "advise_sizes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BOUNDS_MAX = 80 };

/* So many bodies of up to so many bytes, the smallest first. */
struct sizes {
    size_t count;
    struct {
        double most, tasks;
    } kinds[BOUNDS_MAX];
    double all;
};

static void add(struct sizes *sizes, double most, double tasks)
{
    size_t at = 0;

    while (at < sizes->count && sizes->kinds[at].most < most)
        at++;
    if (at == sizes->count || sizes->kinds[at].most > most) {
        if (sizes->count == BOUNDS_MAX)
            return;
        memmove(&sizes->kinds[at + 1], &sizes->kinds[at],
                (sizes->count - at) * sizeof sizes->kinds[0]);
        sizes->count++;
        sizes->kinds[at].most = most;
        sizes->kinds[at].tasks = 0;
    }
    sizes->kinds[at].tasks += tasks;
    sizes->all += tasks;
}

/* "MOST:TASKS MOST:TASKS"; the last may be `inf`. */
static void add_buckets(struct sizes *sizes, const char *text, size_t body_max)
{
    while (*text != '\0') {
        char *end;
        double most = strtod(text, &end);
        double tasks;

        if (*end != ':')
            return;
        tasks = strtod(end + 1, &end);
        /* One byte is what a bucket for no bytes says, too. */
        add(sizes, most < (double)body_max ? most : (double)body_max, tasks);
        text = end + strspn(end, " ");
    }
}

/* Makes two neighbours one, where that costs the fewest bytes: tasks of the smaller take as much as those of
 * the larger. */
static void merge_once(struct sizes *sizes)
{
    size_t best = 0;
    double least = INFINITY;

    for (size_t i = 0; i + 1 < sizes->count; i++) {
        double cost = sizes->kinds[i].tasks * (sizes->kinds[i + 1].most - sizes->kinds[i].most);

        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    sizes->kinds[best + 1].tasks += sizes->kinds[best].tasks;
    sizes->count--;
    memmove(&sizes->kinds[best], &sizes->kinds[best + 1],
            (sizes->count - best) * sizeof sizes->kinds[0]);
}

bool advise_sizes(const struct snapshot_table *histograms, size_t most, size_t body_max,
                  struct capacity_load *load, struct capacity_demand *demand)
{
    size_t kind = snapshot_column(histograms, "histogram");
    size_t buckets = snapshot_column(histograms, "buckets");
    struct sizes sizes = {.count = 0};

    if (kind == histograms->columns || buckets == histograms->columns)
        return false;
    for (size_t row = 0; row < histograms->rows; row++)
        if (strcmp(snapshot_cell(histograms, row, kind), "size") == 0)
            add_buckets(&sizes, snapshot_cell(histograms, row, buckets), body_max);
    if (!(sizes.all > 0) || most == 0)
        return false;
    while (sizes.count > CAPACITY_KINDS_MAX)
        merge_once(&sizes);
    demand->tasks = 0;
    load->kind_count = sizes.count;
    for (size_t i = 0; i < sizes.count; i++) {
        double share = sizes.kinds[i].tasks / sizes.all;

        load->kinds[i] = (struct capacity_kind){(size_t)sizes.kinds[i].most, share};
        demand->of_kind[i] = (size_t)ceil(share * (double)most);
        demand->tasks += demand->of_kind[i];
    }
    return true;
}
