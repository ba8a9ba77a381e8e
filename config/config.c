#define _POSIX_C_SOURCE 200809L /* NOLINT(readability-identifier-naming): the name is libc's */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complaint.h"
#include "function_section.h"
#include "ini_text.h"
#include "judge.h"
#include "keys.h"
#include "pmad_must.h"
#include "setting.h"
#include "values.h"

#define MIB ((size_t)1024 * 1024)

/* The pools nobody declared; those that follow from [limits] are the daemon's to compute. */
static const struct pmad_layout default_layouts[CONFIG_POOLS] = {
    [POOL_TASKS] =
        {.pool_size = 32 * MIB,
         .class_count = 6,
         .classes = {{96, 10}, {160, 20}, {320, 12}, {1024, 16}, {4096, 16}, {65536, 26}}},
    [POOL_WIRE] = {.pool_size = 16 * MIB,
                   .class_count = 4,
                   .classes = {{128, 10}, {1024, 15}, {8192, 15}, {65536, 60}}}};

/* ---- one key ---- */

/* "unknown key; this section has: ..." */
static bool refuse_key(const struct key_section *section, char *why)
{
    size_t used = (size_t)snprintf(why, SETTING_WHY_MAX, "unknown key; this section has: ");
    const char *separator = "";

    for (const struct config_key_info *info = config_keys(); info->section; info++) {
        if (!key_belongs(info, section))
            continue;
        used += (size_t)snprintf(why + used, SETTING_WHY_MAX - used, "%s%s", separator, info->key);
        separator = ", ";
    }
    return false;
}

/* The key of that name that the section may have now; NULL with `why` written. */
static const struct config_key_info *allowed_key(const struct key_section *section, const char *key,
                                                 char *why)
{
    const struct config_key_info *info = key_find(section->kind, key);

    if (!info)
        refuse_key(section, why);
    else if (!key_belongs(info, section))
        snprintf(why, SETTING_WHY_MAX,
                 "not for every function; allowed: in a section [function LABEL]");
    else
        return info;
    return NULL;
}

/*
 * Gives one key its value. `given` holds the keys of the same file, or of the same command line, that
 * came before; `line` is that of the file, where a key that is no list may not come again, or
 * CONFIG_NO_LINE. Returns false with `why` written.
 */
static bool assign(struct config *config, const struct key_section *section, const char *key,
                   const char *text, struct config_given *given, uint32_t line, char *why)
{
    const struct config_key_info *info = allowed_key(section, key, why);
    uint32_t *lines = given->keys[section->index];
    bool again;

    if (!info)
        return false;
    again = lines[key_index(info)] != 0;
    if (again && line != CONFIG_NO_LINE && !key_is_list(info)) {
        snprintf(why, SETTING_WHY_MAX, "given twice");
        return false;
    }
    if (info->rule->excludes &&
        lines[key_index(key_find(section->kind, info->rule->excludes))] != 0) {
        snprintf(why, SETTING_WHY_MAX, "cannot stand beside %s; a pool has one or the other",
                 info->rule->excludes);
        return false;
    }
    if (!setting_read(info->rule, (char *)config + section->values, text, !again, why))
        return false;
    lines[key_index(info)] = line;
    config->given.keys[section->index][key_index(info)] = line;
    return true;
}

/* Finds or makes a section that `line` of a file begins, or CONFIG_NO_LINE. Returns false with `why`
 * written. */
static bool open_section(struct config *config, const char *name, uint32_t line,
                         struct key_section *section, char *why)
{
    if (!function_section_take(config, name, section, why))
        return false;
    if (section->index >= KEY_SECTION_POOLS && section->index < KEY_SECTION_FUNCTIONS)
        config->pools[section->index - KEY_SECTION_POOLS].declared = true;
    if (config->given.sections[section->index] == 0)
        config->given.sections[section->index] = line;
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
        if (key_belongs(info, &section) && info->default_text)
            MUST(setting_read(info->rule, (char *)config + section.values, info->default_text, true,
                              why));
    }
}

void config_default(struct config *config)
{
    char name[32];

    memset(config, 0, sizeof *config);
    default_section(config, "server");
    default_section(config, "limits");
    default_section(config, "function *");
    memcpy(config->every_function.label, "*", sizeof "*");
    memcpy(config->every_function.match, "*", sizeof "*");
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        config->pools[i].layout = default_layouts[i];
        snprintf(name, sizeof name, "pool %s", config_pool_names[i]);
        default_section(config, name);
    }
    default_socket(&config->server);
    default_node(&config->server);
}

/* ---- a file ---- */

struct reading {
    struct config *config;
    struct config_errors *errors;
    const char *name;
    struct config_given given;
    bool lost;                      /* the section was refused: its keys are not judged */
    bool pool_faulty[CONFIG_POOLS]; /* a line of it was refused: its whole is not judged */
};

/* A pool is taken up again further down as other sections are; of a function that is a mistake, the
 * order of their sections being what decides. */
static bool is_second(const struct reading *reading, const char *name, char *why)
{
    struct key_section section;
    uint32_t line;

    if (!key_section_label(name) || !key_section_find(reading->config, name, &section))
        return false;
    line = reading->given.sections[section.index];
    snprintf(why, SETTING_WHY_MAX, "given twice; the first is in line %" PRIu32, line);
    return line != 0;
}

static void on_section(void *user, size_t line, const char *name)
{
    struct reading *reading = user;
    struct key_section section;
    char why[SETTING_WHY_MAX];

    reading->lost = is_second(reading, name, why) ||
                    !open_section(reading->config, name, (uint32_t)line, &section, why);
    if (reading->lost)
        complain(reading->errors, &(struct place){reading->name, line, name, ""}, why);
    else if (reading->given.sections[section.index] == 0)
        reading->given.sections[section.index] = (uint32_t)line;
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
    /* The line of the section has been complained about: once is enough. */
    if (reading->lost)
        return;
    MUST(key_section_find(reading->config, section_name, &section));
    if (assign(reading->config, &section, key, value, &reading->given, (uint32_t)line, why))
        return;
    complain(reading->errors, &place, why);
    if (section.index >= KEY_SECTION_POOLS && section.index < KEY_SECTION_FUNCTIONS)
        reading->pool_faulty[section.index - KEY_SECTION_POOLS] = true;
}

static void on_fault(void *user, size_t line, const char *what)
{
    struct reading *reading = user;

    complain(reading->errors, &(struct place){reading->name, line, "", ""}, what);
}

/* The lines of an earlier file are not to be taken for those of this one. */
static void forget_lines(struct config_given *given)
{
    uint32_t *all = &given->keys[0][0];

    for (size_t i = 0; i < CONFIG_SECTIONS; i++)
        given->sections[i] = given->sections[i] == 0 ? 0 : CONFIG_NO_LINE;
    for (size_t i = 0; i < (size_t)CONFIG_SECTIONS * CONFIG_KEYS_MAX; i++)
        all[i] = all[i] == 0 ? 0 : CONFIG_NO_LINE;
}

static void reading_begin(struct reading *reading, struct config *config, const char *name,
                          struct config_errors *errors)
{
    *reading = (struct reading){.config = config, .errors = errors, .name = name};
    forget_lines(&config->given);
    config->file = name;
}

/* What only the whole file tells: whether the pools it declares can be made. */
static void judge_declared(const struct reading *reading)
{
    for (size_t i = 0; i < CONFIG_POOLS; i++) {
        uint32_t line = reading->given.sections[KEY_SECTION_POOLS + i];

        if (line > 0 && !reading->pool_faulty[i])
            judge_pool(reading->config, i, (struct place){reading->name, line, "", ""},
                       reading->errors);
    }
}

bool config_read_file(struct config *config, const char *file, struct config_errors *errors)
{
    struct reading reading;
    struct ini_listener listener = {&reading, on_section, on_value, on_fault};
    size_t before = errors->count;
    char why[SETTING_WHY_MAX];
    int err;

    reading_begin(&reading, config, file, errors);
    err = ini_text_read_file(file, &listener);
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
    struct reading reading;
    struct ini_listener listener = {&reading, on_section, on_value, on_fault};
    size_t before = errors->count;

    reading_begin(&reading, config, name, errors);
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
    return open_section(config, name, CONFIG_NO_LINE, &section, why) &&
           assign(config, &section, key, value, &config->set, CONFIG_NO_LINE, why);
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
    struct key_section found;

    return key_section_find(config, section, &found) &&
           config->given.keys[found.index][key_index(key_find(found.kind, key))] != 0;
}
