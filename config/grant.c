#include "grant.h"

#include <stdio.h>
#include <string.h>

#include "ini_text.h"
#include "setting.h"
#include "values.h"

/* Bytes of a grant: a line of its own holds it, behind the longest of the keys. */
enum { GRANT_TEXT_MAX = INI_TEXT_LINE_MAX - (sizeof "observe = " - 1) };

static const char blanks[] = " \t";

/* ---- one grant ---- */

/* Reads the name in front of the colon. */
static bool read_who(struct config_grant *grant, const char *name)
{
    if (strcmp(name, "tcp") == 0) {
        grant->who = CONFIG_TCP;
        return true;
    }
    grant->who = *name == '@' ? CONFIG_GROUP : CONFIG_USER;
    name += *name == '@';
    if (!value_name(name) || strlen(name) >= sizeof grant->name)
        return false;
    memcpy(grant->name, name, strlen(name) + 1);
    return true;
}

/* Reads `WHO` or `WHO:PATTERN`; the text is taken apart in place. */
static bool read_grant(struct config_grant *grant, char *text, char *why)
{
    char *colon = strchr(text, ':'); /* no name has one, nor a backslash */

    *grant = (struct config_grant){.who = CONFIG_USER};
    if (colon)
        *colon = '\0';
    if (!read_who(grant, text)) {
        snprintf(why, SETTING_WHY_MAX,
                 "\"%.64s\" is nobody; allowed: tcp, the name of a user, or @ and that of a group; "
                 "letters, digits and . _ - $, 1 to %d",
                 text, CONFIG_NAME_MAX - 1);
        return false;
    }
    if (!colon)
        return true;
    if (!value_pattern(colon + 1) || strlen(colon + 1) >= sizeof grant->functions) {
        snprintf(why, SETTING_WHY_MAX, "\"%.64s\" is not " SETTING_PATTERN_SYNTAX, colon + 1);
        return false;
    }
    memcpy(grant->functions, colon + 1, strlen(colon + 1) + 1);
    return true;
}

void grant_text(const struct config_grant *grant, char *into)
{
    static const char *const signs[] = {
        [CONFIG_USER] = "", [CONFIG_GROUP] = "@", [CONFIG_TCP] = "tcp"};

    snprintf(into, SETTING_TEXT_MAX, "%s%s%s%s", signs[grant->who], grant->name,
             *grant->functions ? ":" : "", grant->functions);
}

/* ---- lists ---- */

/* Takes the next one off `*list`, with the comma behind it; NULL is left behind the last one. */
static bool take_grant(const char **list, struct config_grant *grant, char *why)
{
    char text[GRANT_TEXT_MAX + 1];
    const char *begin = *list + strspn(*list, blanks), *end = begin;
    size_t size;

    while (*end != '\0' && *end != ',')
        end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
    *list = *end == ',' ? end + 1 : NULL;
    size = (size_t)(end - begin);
    while (size > 0 && strchr(blanks, begin[size - 1]))
        size--;
    if (size == 0) {
        snprintf(why, SETTING_WHY_MAX,
                 "nobody is named where somebody should be; allowed: tcp, users, @groups, each "
                 "with :PATTERN or without, commas between them");
        return false;
    }
    if (size >= sizeof text) {
        snprintf(why, SETTING_WHY_MAX, "%zu bytes are too long; allowed: %d", size, GRANT_TEXT_MAX);
        return false;
    }
    memcpy(text, begin, size);
    text[size] = '\0';
    return read_grant(grant, text, why);
}

bool grants_read(struct config_access *access, enum config_right right, const char *text,
                 bool fresh, char *why)
{
    struct config_grant grant;
    const char *at = text;
    size_t count = fresh ? 0 : access->counts[right];

    do {
        if (!take_grant(&at, &grant, why))
            return false;
        count++;
    } while (at);
    if (count > CONFIG_GRANTS_MAX) {
        snprintf(why, SETTING_WHY_MAX, "more than %d users, groups and tcp", CONFIG_GRANTS_MAX);
        return false;
    }
    access->counts[right] = fresh ? 0 : access->counts[right];
    for (at = text; access->counts[right] < count; access->counts[right]++)
        (void)take_grant(&at, &access->grants[right][access->counts[right]], why);
    return true;
}

/* True if an earlier grant has the same pattern, or it has none. */
static bool is_known(const struct config_access *access, size_t right, size_t index)
{
    const char *functions = access->grants[right][index].functions;

    for (size_t i = 0; i <= right; i++) {
        for (size_t j = 0; j < (i < right ? access->counts[i] : index); j++) {
            if (strcmp(access->grants[i][j].functions, functions) == 0)
                return true;
        }
    }
    return *functions == '\0';
}

bool grants_fit(const struct config_access *access, enum config_right *culprit)
{
    size_t patterns = 0;

    for (size_t right = 0; right < CONFIG_RIGHTS; right++) {
        for (size_t i = 0; i < access->counts[right]; i++) {
            patterns += !is_known(access, right, i);
            *culprit = (enum config_right)right;
            if (patterns > CONFIG_PATTERNS_MAX)
                return false;
        }
    }
    return true;
}
