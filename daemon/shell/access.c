#include "access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "function_rules.h"
#include "pmad_must.h"

/* A right is a bit of a set, and its place is that of its key. */
_Static_assert(RIGHT_SUBMIT == 1 << CONFIG_SUBMIT, "submit");
_Static_assert(RIGHT_WORK == 1 << CONFIG_WORK, "work");
_Static_assert(RIGHT_OBSERVE == 1 << CONFIG_OBSERVE, "observe");
_Static_assert(RIGHT_ADMIN == 1 << CONFIG_ADMIN, "admin");
_Static_assert((int)PEER_RIGHTS == (int)CONFIG_RIGHTS, "all of them");

static const char *const keys[CONFIG_RIGHTS] = {
    [CONFIG_SUBMIT] = "submit",
    [CONFIG_WORK] = "work",
    [CONFIG_OBSERVE] = "observe",
    [CONFIG_ADMIN] = "admin",
};

/* ---- from names to numbers ---- */

static bool is_same(const struct router_pattern *one, const struct router_pattern *other)
{
    return one->size == other->size &&
           memcmp(one->items, other->items, one->size * sizeof one->items[0]) == 0;
}

/* The number of a pattern; the same one for the same pattern. */
static size_t pattern_number(struct access *access, const char *text)
{
    struct router_pattern pattern;
    size_t i = 0;

    if (text[0] == '\0')
        return ACCESS_EVERY_FUNCTION;
    pattern = function_pattern(text);
    while (i < access->pattern_count && !is_same(&access->patterns[i], &pattern))
        i++;
    if (i == access->pattern_count) {
        MUST(access->pattern_count < CONFIG_PATTERNS_MAX);
        access->patterns[access->pattern_count++] = pattern;
    }
    return i;
}

/* The number of a user or group; false when the system does not know it, and errno says if it failed. */
static bool look_up(const struct config_grant *grant, id_t *id)
{
    const struct passwd *user;
    const struct group *group;

    errno = 0;
    switch (grant->who) {
    case CONFIG_USER:
        user = getpwnam(grant->name);
        if (user != NULL)
            *id = user->pw_uid;
        return user != NULL;
    case CONFIG_GROUP:
        group = getgrnam(grant->name);
        if (group != NULL)
            *id = group->gr_gid;
        return group != NULL;
    case CONFIG_TCP:
        break;
    }
    return true;
}

/* What getpwnam(3) leaves in errno when there is just no such name depends on where it has looked. */
static bool is_trouble(int err)
{
    return err == EMFILE || err == ENFILE || err == ENOMEM || err == EIO || err == EINTR;
}

static bool add(struct access *access, enum config_right right, const struct config_grant *grant,
                struct text *why)
{
    const char *kind = grant->who == CONFIG_USER ? "user" : "group";
    id_t id = 0;

    if (!look_up(grant, &id)) {
        text_put(why, "[access] %s: there is no %s %s", keys[right], kind, grant->name);
        text_put(why, is_trouble(errno) ? " to be found: %s\n" : "; create it, or leave it out\n",
                 strerror(errno));
        return false;
    }
    access->has_groups = access->has_groups || grant->who == CONFIG_GROUP;
    access->grants[access->grant_count++] =
        (struct access_grant){.who = grant->who,
                              .id = id,
                              .right = 1U << right,
                              .pattern = pattern_number(access, grant->functions)};
    return true;
}

bool access_resolve(struct access *access, const struct config_access *config, struct text *why)
{
    bool good = true;

    *access = (struct access){.everybodys = 0};
    for (unsigned right = 0; right < CONFIG_RIGHTS; right++) {
        if (config->counts[right] == 0 && right != CONFIG_ADMIN)
            access->everybodys |= 1U << right;
        for (size_t i = 0; i < config->counts[right]; i++)
            good = add(access, (enum config_right)right, &config->grants[right][i], why) && good;
    }
    return good;
}

/* ---- from somebody to rights ---- */

static bool is_in(const struct stranger *stranger, gid_t gid)
{
    if (stranger->who.gid == gid)
        return true;
    for (size_t i = 0; i < stranger->group_count; i++) {
        if (stranger->groups[i] == gid)
            return true;
    }
    return false;
}

static bool is_meant(const struct access_grant *grant, const struct stranger *stranger)
{
    bool is_known = stranger->is_local && stranger->who.uid != NO_USER;

    switch (grant->who) {
    case CONFIG_USER:
        return is_known && stranger->who.uid == grant->id;
    case CONFIG_GROUP:
        return is_known && is_in(stranger, grant->id);
    case CONFIG_TCP:
        return !stranger->is_local;
    }
    return false;
}

static bool is_master(const struct stranger *stranger)
{
    return stranger->is_local && (stranger->who.uid == 0 || stranger->who.uid == geteuid());
}

static unsigned place_of(unsigned right)
{
    return (unsigned)__builtin_ctz(right);
}

struct access_rights access_of(const struct access *access, const struct stranger *stranger)
{
    struct access_rights rights = {.whole = access->everybodys};

    if (is_master(stranger))
        return (struct access_rights){.whole = RIGHT_ALL};
    for (size_t i = 0; i < access->grant_count; i++) {
        const struct access_grant *grant = &access->grants[i];

        if (!is_meant(grant, stranger))
            continue;
        if (grant->pattern == ACCESS_EVERY_FUNCTION)
            rights.whole |= grant->right;
        else
            rights.some[place_of(grant->right)] |= UINT64_C(1) << grant->pattern;
    }
    return rights;
}

unsigned access_any(const struct access_rights *rights)
{
    unsigned any = rights->whole;

    for (unsigned i = 0; i < PEER_RIGHTS; i++)
        any |= rights->some[i] != 0 ? 1U << i : 0;
    return any;
}

void access_grant(const struct access_rights *rights, struct router *router, struct peer *peer)
{
    for (unsigned i = 0; i < PEER_RIGHTS; i++) {
        for (uint64_t left = rights->some[i]; left != 0; left &= left - 1)
            router_grant(router, peer, (enum peer_right)(1U << i), (size_t)__builtin_ctzll(left));
    }
}
