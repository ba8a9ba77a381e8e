/* The budget in words: what `pmadd --check-config` prints, and what a refused start says. */
#include <inttypes.h>

#include "budget.h"
#include "conn.h"

/* The body sizes operators think in. */
static const struct task_kind {
    const char *name;
    size_t body_size;
} task_kinds[] = {{"64 B", 64}, {"1 KiB", 1024}, {"64 KiB", 65536}};

enum { TASK_KINDS = sizeof task_kinds / sizeof *task_kinds, PLACE_MAX = 128 };

static const char *const want_words[] = {
    [PMAD_OFF] = "off", [PMAD_TRY] = "try", [PMAD_REQUIRE] = "require"};

/* Mebibytes with one decimal: rounded, for reading. */
static void put_mebibytes(struct text *text, size_t bytes)
{
    size_t tenths = (bytes / 1024 * 10 + 512) / 1024;

    text_put(text, "%zu.%zu MiB", tenths / 10, tenths % 10);
}

static void put_pool(const struct budget *budget, size_t id, struct text *text)
{
    const struct pmad_layout *layout = &budget->layouts[id];
    const struct pmad_fit *fit = &budget->fits[id];

    text_put(text, "pool %-8s %zu bytes, ", config_pool_names[id], fit->mapping_size);
    put_mebibytes(text, fit->mapping_size);
    text_put(text, "%s; prefault %s, lock %s, huge_pages %s, explicit_huge_pages %s\n",
             budget->computed[id] ? ", worked out from [limits]" : "", want_words[layout->prefault],
             want_words[layout->lock], want_words[layout->huge_pages],
             want_words[layout->explicit_huge_pages]);
    text_put(text, "  %10s %10s %10s %12s\n", "class", "blocks", "stride", "bytes");
    for (size_t i = 0; i < layout->class_count; i++) {
        const struct pmad_fit_class *class = &fit->classes[i];

        text_put(text, "  %10zu %10zu %10zu %12zu\n", class->block_size, class->blocks,
                 class->stride, class->bytes);
    }
    text_put(text, "\n");
}

/* Registrations are all that the router itself takes from the pool `workers`. */
static size_t registrations(const struct router_limits *limits)
{
    struct router_need needs[NEEDS_MAX];
    size_t count = router_needs_workers(limits, needs, NEEDS_MAX);
    size_t blocks = 0;

    for (size_t i = 0; i < count; i++)
        blocks += needs[i].blocks;
    return blocks;
}

/* What the numbers buy. */
static void put_allowance(const struct budget *budget, struct text *text)
{
    const struct router_limits *limits = &budget->limits;
    size_t slots = limits->tasks > budget->reserved ? limits->tasks - budget->reserved : 0;

    text_put(text, "room for\n");
    if (budget->reserved > 0)
        text_put(text, "  %10zu  tasks in the reserves of functions, and beside them\n",
                 budget->reserved);
    for (size_t i = 0; i < TASK_KINDS; i++) {
        size_t size = task_kinds[i].body_size;

        if (size > limits->payload_max)
            continue;
        text_put(text, "  %10zu  foreground tasks of %s at once\n",
                 stock_tasks(budget->beside, 0, size, slots), task_kinds[i].name);
    }
    text_put(text, "  %10zu  connections of %zu bytes, %zu descriptors in all\n",
             limits->connections, sizeof(struct conn), budget->descriptors);
    text_put(text, "  %10zu  registrations, at most %zu of one worker\n\n", registrations(limits),
             limits->registrations_per_worker);
}

/* Section and key, `[function thumbnails] reserve`; returns `into`. */
static char *put_place(char *into, const struct budget_rule *rule)
{
    struct text text = text_in(into, PLACE_MAX);

    text_put(&text, "[%s%s%s] %s", rule->section, rule->label[0] == '\0' ? "" : " ", rule->label,
             rule->key);
    return into;
}

static void put_rules(const struct budget *budget, struct text *text)
{
    char place[PLACE_MAX];

    text_put(text, "must hold\n");
    for (size_t i = 0; i < budget->rule_count; i++) {
        const struct budget_rule *rule = &budget->rules[i];

        text_put(text, "  %-3s  %-20s  %s: %zu <= %zu %s\n",
                 rule->needed <= rule->there ? "yes" : "NO", put_place(place, rule), rule->what,
                 rule->needed, rule->there, rule->unit);
    }
}

void budget_print(const struct budget *budget, struct text *text)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++)
        put_pool(budget, i, text);
    put_allowance(budget, text);
    put_rules(budget, text);
    text_put(text, "\nresident: ");
    put_mebibytes(text, budget->resident);
    text_put(text, " of pools, and less than ");
    put_mebibytes(text, BUDGET_PROGRAM_SIZE);
    text_put(text, " of program\n");
}

void budget_refusals(const struct budget *budget, struct text *text)
{
    char place[PLACE_MAX];

    for (size_t i = 0; i < budget->rule_count; i++) {
        const struct budget_rule *rule = &budget->rules[i];

        if (rule->needed <= rule->there)
            continue;
        text_put(text, "%s: %s: %zu %s", put_place(place, rule), rule->what, rule->needed,
                 rule->unit);
        if (rule->block_size > 0)
            text_put(text, " of %zu bytes", rule->block_size);
        text_put(text, " are needed, and there are %zu; %s\n", rule->there, rule->remedy);
    }
}
