#include "complaint.h"

#include <stdarg.h>
#include <stdio.h>

#include "ini_text.h"
#include "keys.h"
#include "setting.h"

void complain(struct config_errors *errors, const struct place *place, const char *what)
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

/* The line of the file that gave a key, or its section where `key` is NULL; 0: none did. */
static size_t line_of(const struct config *config, const char *name, const char *key)
{
    struct key_section section;
    uint32_t line;

    if (!name || !key_section_find(config, name, &section))
        return 0;
    line = key ? config->given.keys[section.index][key_index(key_find(section.kind, key))]
               : config->given.sections[section.index];
    return line == CONFIG_NO_LINE ? 0 : line;
}

void complain_about(const struct config *config, struct config_errors *errors,
                    struct culprit culprit, const char *format, ...)
{
    const struct {
        const char *section, *key;
    } candidates[] = {{culprit.section, culprit.key},
                      {culprit.other_section, culprit.other_key},
                      {culprit.section, NULL}};
    struct place place = {"", 0, culprit.section, culprit.key};
    char what[SETTING_WHY_MAX];
    va_list arguments;

    for (size_t i = 0; place.line == 0 && i < sizeof candidates / sizeof candidates[0]; i++)
        place.line = line_of(config, candidates[i].section, candidates[i].key);
    if (place.line > 0)
        place.name = config->file;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    complain(errors, &place, what);
}
