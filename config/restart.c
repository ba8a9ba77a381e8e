/* What a running daemon cannot change: which keys of two configs differ that only a restart applies. */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "keys.h"
#include "pmad_must.h"
#include "setting.h"

/* Keys that are applied while the daemon runs; those of [access] are, too. */
static const struct {
    const char *section, *key;
} live[] = {
    {"server", "log_level"},
    {"server", "shutdown_grace"},
    {"limits", "connections_reserved"},
    {"limits", "connections_per_user"},
    {"limits", "text_line_max"},
    {"limits", "submissions_per_connection"},
    {"limits", "outbox_max"},
    {"limits", "slow_peer_grace"},
    {"limits", "frame_timeout"},
    {"limits", "idle_timeout"},
};

static bool is_live(const struct config_key_info *info)
{
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++) {
        if (strcmp(live[i].section, info->section) == 0 && strcmp(live[i].key, info->key) == 0)
            return true;
    }
    return false;
}

/* The two configs, and the names of what differs. */
struct comparison {
    const struct config *old, *new;
    struct config_names *names;
};

static void add_name(const struct comparison *comparison, const char *section, const char *key)
{
    struct config_names *names = comparison->names;
    size_t left = sizeof names->text - names->used;
    int size = snprintf(names->text + names->used, left, "%s[%s] %s", names->count ? ", " : "",
                        section, key);

    if (size > 0 && (size_t)size < left)
        names->used += (size_t)size;
    names->text[names->used] = '\0';
    names->count++;
}

static bool is_same(const struct config_key_info *info, const void *old, const void *new)
{
    size_t lines = setting_lines(info->rule, old);
    char old_text[SETTING_TEXT_MAX], new_text[SETTING_TEXT_MAX];

    if (setting_lines(info->rule, new) != lines)
        return false;
    for (size_t i = 0; i < lines; i++) {
        setting_text(info->rule, old, i, old_text);
        setting_text(info->rule, new, i, new_text);
        if (strcmp(old_text, new_text) != 0)
            return false;
    }
    return true;
}

/* A key that nobody has given has its default in both; that may depend on who asks, and when. */
static void compare_section(const struct comparison *comparison, const char *name)
{
    struct key_section section;

    MUST(key_section_find(comparison->old, name, &section));
    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (!key_belongs(info, &section) || is_live(info))
            continue;
        if (!config_is_given(comparison->old, name, info->key) &&
            !config_is_given(comparison->new, name, info->key))
            continue;
        if (!is_same(info, (const char *)comparison->old + section.values,
                     (const char *)comparison->new + section.values))
            add_name(comparison, name, info->key);
    }
}

static void compare_pools(const struct comparison *comparison)
{
    char name[KEY_SECTION_NAME_MAX];

    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        snprintf(name, sizeof name, "pool %s", config_pool_names[i]);
        if (comparison->old->pools[i].declared != comparison->new->pools[i].declared)
            add_name(comparison, name, "size");
        else if (comparison->old->pools[i].declared)
            compare_section(comparison, name);
    }
}

/* The section that reserves room for the function of that name, or NULL. */
static const struct config_function *reserve_for(const struct config *config, const char *match)
{
    for (size_t i = 0; i < config->function_count; i++) {
        if (config->functions[i].reserve > 0 && strcmp(config->functions[i].match, match) == 0)
            return &config->functions[i];
    }
    return NULL;
}

static void add_function(const struct comparison *comparison,
                         const struct config_function *function, const char *key)
{
    char name[KEY_SECTION_NAME_MAX];

    snprintf(name, sizeof name, "function %s", function->label);
    add_name(comparison, name, key);
}

/* Room is put together for functions at the start, by name: the label of a section does not matter. */
static void compare_reserves(const struct comparison *comparison)
{
    const struct config *old = comparison->old, *new = comparison->new;

    for (size_t i = 0; i < old->function_count; i++) {
        const struct config_function *function = &old->functions[i];
        const struct config_function *twin = reserve_for(new, function->match);

        if (function->reserve == 0)
            continue;
        if (!twin || twin->reserve != function->reserve)
            add_function(comparison, function, "reserve");
        else if (twin->reserve_size != function->reserve_size)
            add_function(comparison, twin, "reserve_size");
    }
    for (size_t i = 0; i < new->function_count; i++) {
        const struct config_function *function = &new->functions[i];

        if (function->reserve > 0 && !reserve_for(old, function->match))
            add_function(comparison, function, "reserve");
    }
}

bool config_needs_restart(const struct config *old, const struct config *new,
                          struct config_names *names)
{
    const struct comparison comparison = {old, new, names};

    *names = (struct config_names){.count = 0};
    compare_section(&comparison, "server");
    compare_section(&comparison, "limits");
    compare_pools(&comparison);
    compare_reserves(&comparison);
    return names->count > 0;
}
