#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is libc's */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ini_text.h"
#include "keys.h"
#include "pmad_must.h"
#include "setting.h"
#include "values.h"

/* Bytes that a command and its arguments take beside the name of a function. */
enum { TEXT_LINE_ROOM = 64 };

#define MIB ((size_t)1024 * 1024)

/* The pools nobody declared; those that follow from [limits] are the daemon's to compute. */
static const struct pmad_layout default_layouts[CONFIG_POOLS] = {
    [POOL_TASKS] = {.pool_size = 32 * MIB,
                    .class_count = 5,
                    .classes = {{96, 10}, {320, 20}, {1024, 20}, {4096, 20}, {65536, 30}}},
    [POOL_WIRE] = {.pool_size = 16 * MIB,
                   .class_count = 4,
                   .classes = {{128, 10}, {1024, 15}, {8192, 15}, {65536, 60}}}};

/* ---- errors ---- */

/* Where in a text an error is; what is not known is empty or 0. */
struct place {
    const char *name; /* of the file */
    size_t line;
    const char *section;
    const char *key;
};

/* Adds "name:line: [section] key: what" whole, or not at all. */
static void complain(struct config_errors *errors, const struct place *place, const char *what)
{
    char line[24] = "", about[INI_TEXT_SECTION_MAX + INI_TEXT_LINE_MAX + 8] = "";
    size_t room = sizeof errors->text - errors->used;
    int size;

    if (place->line > 0)
        snprintf(line, sizeof line, ":%zu", place->line);
    if (*place->section != '\0')
        snprintf(about, sizeof about, "[%s]%s%s: ", place->section, *place->key ? " " : "",
                 place->key);
    else if (*place->key != '\0')
        snprintf(about, sizeof about, "%s: ", place->key);
    size = snprintf(errors->text + errors->used, room, "%s%s%s%s%s\n", place->name, line,
                    *place->name ? ": " : "", about, what);
    if (size > 0 && (size_t)size < room)
        errors->used += (size_t)size;
    errors->text[errors->used] = '\0';
    errors->count++;
}

/* ---- one key ---- */

/* "unknown key; this section has: ..." */
static bool refuse_key(const char *section_kind, char *why)
{
    size_t used = (size_t)snprintf(why, SETTING_WHY_MAX, "unknown key; this section has: ");
    const char *separator = "";

    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (strcmp(info->section, section_kind) != 0 || info->later)
            continue;
        used += (size_t)snprintf(why + used, SETTING_WHY_MAX - used, "%s%s", separator, info->key);
        separator = ", ";
    }
    return false;
}

/*
 * Gives one key its value. `given` holds the keys of the same file, or of the same command line, that
 * came before; where `once` is set, a key that is no list may not come again. Returns false with
 * `why` written.
 */
static bool assign(struct config *config, const struct key_section *section, const char *key,
                   const char *text, struct config_given *given, bool once, char *why)
{
    const struct config_key_info *info = key_find(section->kind, key);
    bool *keys_given = given->keys[section->index];
    bool again;

    if (!section->values || (info && info->later)) {
        snprintf(why, SETTING_WHY_MAX, "not supported yet");
        return false;
    }
    if (!info)
        return refuse_key(section->kind, why);
    again = keys_given[key_index(info)];
    if (again && once && !key_is_list(info)) {
        snprintf(why, SETTING_WHY_MAX, "given twice");
        return false;
    }
    if (info->rule->excludes &&
        keys_given[key_index(key_find(section->kind, info->rule->excludes))]) {
        snprintf(why, SETTING_WHY_MAX, "cannot stand beside %s; a pool has one or the other",
                 info->rule->excludes);
        return false;
    }
    if (!setting_read(info->rule, section->values, text, !again, why))
        return false;
    keys_given[key_index(info)] = true;
    config->given.keys[section->index][key_index(info)] = true;
    return true;
}

/* ---- defaults ---- */

/* The socket in the directory that an environment variable names; false if it names none. */
static bool socket_in(struct config_server *server, const char *variable)
{
    const char *directory = getenv(variable);
    char path[CONFIG_PATH_MAX] = "";
    int size = -1;

    if (directory && *directory == '/' && !strchr(directory, ':'))
        size = snprintf(path, sizeof path, "%s/pmadd.sock", directory);
    if (size < 0 || (size_t)size >= sizeof path || !value_path(path))
        return false;
    memcpy(server->socket, path, sizeof path);
    return true;
}

/* A service has the directory its manager made for it (systemd.exec(5), RuntimeDirectory=), root the
 * system's, anyone else his own, if there is one. */
static void default_socket(struct config_server *server)
{
    if (socket_in(server, "RUNTIME_DIRECTORY") || geteuid() == 0 ||
        socket_in(server, "XDG_RUNTIME_DIR"))
        return;
    snprintf(server->socket, sizeof server->socket, "/tmp/pmadd-%" PRIuMAX ".sock",
             (uintmax_t)geteuid());
}

/* The host's name, cut to what handles have room for. */
static void default_node(struct config_server *server)
{
    char name[CONFIG_NODE_MAX + 1] = "";

    (void)gethostname(name, sizeof name);
    name[CONFIG_NODE_MAX] = '\0';
    snprintf(server->node, sizeof server->node, "%s", value_node(name) ? name : "localhost");
}

/* Gives the keys of one section the defaults that the table of keys states. */
static void default_section(struct config *config, const char *name)
{
    struct key_section section;
    char why[SETTING_WHY_MAX];

    MUST(key_section_find(config, name, &section));
    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (strcmp(info->section, section.kind) != 0 || info->later || !info->default_text)
            continue;
        MUST(setting_read(info->rule, section.values, info->default_text, true, why));
    }
}

void config_default(struct config *config)
{
    char name[32];

    memset(config, 0, sizeof *config);
    default_section(config, "server");
    default_section(config, "limits");
    default_section(config, "function *");
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        config->pools[i].layout = default_layouts[i];
        snprintf(name, sizeof name, "pool %s", config_pool_names[i]);
        default_section(config, name);
    }
    default_socket(&config->server);
    default_node(&config->server);
}

/* ---- layouts ---- */

/* Returns the key that a layout is wrong in, with `why` written, or NULL if it can be made. */
static const char *layout_fault(const struct pmad_layout *layout, char *why)
{
    struct pmad_fit fit;
    unsigned share = 0;
    char size[24], size_min[24];

    if (layout->pool_size == 0) {
        snprintf(why, SETTING_WHY_MAX, "missing; a declared pool has a size");
        return "size";
    }
    if (layout->class_count == 0) {
        snprintf(why, SETTING_WHY_MAX, "missing; a declared pool has classes or a profile");
        return "class";
    }
    if (pmad_layout_fit(layout, &fit) == PMAD_OK) {
        if (layout->huge_pages != PMAD_REQUIRE || fit.mapping_size >= PMAD_HUGE_PAGE_SIZE)
            return NULL;
        snprintf(why, SETTING_WHY_MAX,
                 "required for a pool smaller than one; allowed: 2M and more");
        return "huge_pages";
    }
    if (fit.status == PMAD_POOL_TOO_SMALL) {
        snprintf(why, SETTING_WHY_MAX,
                 "%s is too small: class %zu gets no block; the smallest size that would do is %s",
                 config_format_size(size, layout->pool_size),
                 layout->classes[fit.class_at_fault].block_size,
                 config_format_size(size_min, fit.pool_size_min));
        return "size";
    }
    for (size_t i = 0; i < layout->class_count; i++)
        share += layout->classes[i].share;
    if (fit.status == PMAD_SHARES_NOT_100)
        snprintf(why, SETTING_WHY_MAX, "the shares sum to %u percent, not to 100", share);
    else /* about a single class, of which setting_read() lets none pass */
        snprintf(why, SETTING_WHY_MAX, "%s", pmad_strerror(fit.status));
    return "class";
}

static void judge_pool(const struct config *config, size_t pool, struct place place,
                       struct config_errors *errors)
{
    char why[SETTING_WHY_MAX], section[32];

    place.key = layout_fault(&config->pools[pool].layout, why);
    if (!place.key)
        return;
    snprintf(section, sizeof section, "pool %s", config_pool_names[pool]);
    place.section = section;
    complain(errors, &place, why);
}

/* ---- a file ---- */

struct reading {
    struct config *config;
    struct config_errors *errors;
    const char *name;
    struct config_given given;
    size_t pool_line[CONFIG_POOLS]; /* where its section begins; 0: nowhere */
    bool pool_faulty[CONFIG_POOLS]; /* a line of it was refused: its whole is not judged */
};

static void on_section(void *user, size_t line, const char *name)
{
    struct reading *reading = user;
    struct place place = {reading->name, line, name, ""};
    struct key_section section;
    size_t pool;

    if (!key_section_find(reading->config, name, &section)) {
        complain(reading->errors, &place,
                 "unknown section; there are [server], [limits], [pool tasks], [pool wire], "
                 "[pool workers], [pool runtime], [function *], [access]");
    } else if (!section.values) {
        complain(reading->errors, &place, "not supported yet");
    } else if (section.index >= KEY_SECTION_POOLS) {
        pool = section.index - KEY_SECTION_POOLS;
        reading->config->pools[pool].declared = true;
        if (reading->pool_line[pool] == 0)
            reading->pool_line[pool] = line;
    }
}

static void on_value(void *user, size_t line, const char *section_name, const char *key,
                     const char *value)
{
    struct reading *reading = user;
    struct place place = {reading->name, line, section_name, key};
    struct key_section section;
    char why[SETTING_WHY_MAX];

    if (*section_name == '\0') {
        complain(reading->errors, &place, "a key before any section");
        return;
    }
    /* The line of an unknown section has been complained about: once is enough. */
    if (!key_section_find(reading->config, section_name, &section))
        return;
    if (assign(reading->config, &section, key, value, &reading->given, true, why))
        return;
    complain(reading->errors, &place, why);
    if (section.index >= KEY_SECTION_POOLS)
        reading->pool_faulty[section.index - KEY_SECTION_POOLS] = true;
}

static void on_fault(void *user, size_t line, const char *what)
{
    struct reading *reading = user;

    complain(reading->errors, &(struct place){reading->name, line, "", ""}, what);
}

/* What only the whole file tells: whether the pools it declares can be made. */
static void judge_declared(const struct reading *reading)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        struct place place = {reading->name, reading->pool_line[i], "", ""};

        if (reading->pool_line[i] > 0 && !reading->pool_faulty[i])
            judge_pool(reading->config, i, place, reading->errors);
    }
}

bool config_read_file(struct config *config, const char *file, struct config_errors *errors)
{
    struct reading reading = {.config = config, .errors = errors, .name = file};
    struct ini_listener listener = {&reading, on_section, on_value, on_fault};
    size_t before = errors->count;
    char why[SETTING_WHY_MAX];
    int err = ini_text_read_file(file, &listener);

    if (err < 0) {
        snprintf(why, sizeof why, "cannot be read: %s", strerror(-err));
        complain(errors, &(struct place){file, 0, "", ""}, why);
    } else {
        judge_declared(&reading);
    }
    return errors->count == before;
}

bool config_read_text(struct config *config, const char *name, const char *text,
                      struct config_errors *errors)
{
    struct reading reading = {.config = config, .errors = errors, .name = name};
    struct ini_listener listener = {&reading, on_section, on_value, on_fault};
    size_t before = errors->count;

    ini_text_read(text, &listener);
    judge_declared(&reading);
    return errors->count == before;
}

/* ---- the command line ---- */

/* Copies `size` bytes without the blanks around them; what is too long becomes empty. */
static void copy_trimmed(char *into, size_t room, const char *from, size_t size)
{
    while (size > 0 && *from == ' ') {
        from++;
        size--;
    }
    while (size > 0 && from[size - 1] == ' ')
        size--;
    if (size >= room)
        size = 0;
    memcpy(into, from, size);
    into[size] = '\0';
}

static bool set_key(struct config *config, const char *name, const char *key, const char *value,
                    char *why)
{
    struct key_section section;

    if (strlen(value) >= SETTING_TEXT_MAX) {
        snprintf(why, SETTING_WHY_MAX, "a value longer than %d bytes", SETTING_TEXT_MAX - 1);
        return false;
    }
    if (!key_section_find(config, name, &section)) {
        snprintf(why, SETTING_WHY_MAX, "unknown section");
        return false;
    }
    if (section.index >= KEY_SECTION_POOLS)
        config->pools[section.index - KEY_SECTION_POOLS].declared = true;
    return assign(config, &section, key, value, &config->set, false, why);
}

/* Takes `section.key=value` apart and gives the key its value. */
static bool set(struct config *config, const char *assignment, char *why)
{
    const char *equals = strchr(assignment, '='), *dot = equals;
    char name[INI_TEXT_SECTION_MAX + 1], key[64], value[SETTING_TEXT_MAX];

    while (dot && dot > assignment && *dot != '.')
        dot--;
    if (!dot || *dot != '.') {
        snprintf(why, SETTING_WHY_MAX, "not section.key=value");
        return false;
    }
    copy_trimmed(name, sizeof name, assignment, (size_t)(dot - assignment));
    copy_trimmed(key, sizeof key, dot + 1, (size_t)(equals - dot - 1));
    copy_trimmed(value, sizeof value, equals + 1, strlen(equals + 1));
    return set_key(config, name, key, strlen(equals + 1) < sizeof value ? value : equals + 1, why);
}

bool config_set(struct config *config, const char *assignment, struct config_errors *errors)
{
    char why[SETTING_WHY_MAX], name[1024];

    if (set(config, assignment, why))
        return true;
    snprintf(name, sizeof name, "--set %s", assignment);
    complain(errors, &(struct place){name, 0, "", ""}, why);
    return false;
}

bool config_set_key(struct config *config, const char *section, const char *key, const char *value,
                    const char *name, struct config_errors *errors)
{
    char why[SETTING_WHY_MAX];

    if (set_key(config, section, key, value, why))
        return true;
    complain(errors, &(struct place){name, 0, "", ""}, why);
    return false;
}

bool config_is_given(const struct config *config, const char *section, const char *key)
{
    struct config unused;
    struct key_section found;

    MUST(key_section_find(&unused, section, &found));
    return config->given.keys[found.index][key_index(key_find(found.kind, key))];
}

/* ---- the whole ---- */

bool config_finish(struct config *config, struct config_errors *errors)
{
    const struct config_limits *limits = &config->limits;
    size_t before = errors->count, least = limits->function_name_max + TEXT_LINE_ROOM;
    char why[SETTING_WHY_MAX];

    if (limits->text_line_max < least) {
        snprintf(why, sizeof why,
                 "%zu bytes cannot hold a command about a function whose name has "
                 "function_name_max bytes; allowed: %zu and more",
                 limits->text_line_max, least);
        complain(errors, &(struct place){"", 0, "limits", "text_line_max"}, why);
    }
    /* What was wrong with a pool has been said by then, with its line. */
    for (size_t i = 0; before == 0 && i < CONFIG_POOLS; i++) {
        if (config->pools[i].declared || config->pools[i].layout.class_count > 0)
            judge_pool(config, i, (struct place){"", 0, "", ""}, errors);
    }
    return errors->count == before;
}
