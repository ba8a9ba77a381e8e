/*
 * The guard: pmad_alloc() and pmad_free() once more, as functions that look before they act. What
 * they find is in pmad_guard.h.
 *
 *     | header | block | canary | ...      the header only where the engine has one
 *
 * Behind every block that is or was in use lie two words that follow from their own address, so that
 * one block copied over another, canary and all, is seen. A block that was given back is full of one
 * pattern. One that was never taken is not looked at: init does not touch its memory, and the page
 * may not be there.
 */
#include "pmad_guard.h"
#include "pmad_engine.h"
#include "pmad_guard_hooks.h"

#if !PMAD_GUARD

void pmad_guard_on_crime(pmad_crime_handler *handler, void *arg)
{
    (void)handler;
    (void)arg;
}

int pmad_guard_find(struct pmad *pool, struct pmad_crime *crime)
{
    (void)pool;
    (void)crime;
    return 0;
}

int pmad_is_guarded(void)
{
    return 0;
}

#else

#    if defined(__SANITIZE_ADDRESS__)
#        define ADDRESS_SANITIZER 1
#    elif defined(__has_feature)
#        if __has_feature(address_sanitizer)
#            define ADDRESS_SANITIZER 1
#        endif
#    endif

/* What a tool that watches every access is told of memory: nobody may touch it, anybody may, or its
 * content says nothing until somebody has written it. */
#    ifdef ADDRESS_SANITIZER
#        include <sanitizer/asan_interface.h>
#        define FORBID(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#        define ALLOW(at, size)  ASAN_UNPOISON_MEMORY_REGION(at, size)
#        define FORGET(at, size) ((void)(at), (void)(size))
#    elif defined(PMAD_VALGRIND)
#        include <valgrind/memcheck.h>
#        define FORBID(at, size) ((void)VALGRIND_MAKE_MEM_NOACCESS(at, size))
#        define ALLOW(at, size)  ((void)VALGRIND_MAKE_MEM_DEFINED(at, size))
#        define FORGET(at, size) ((void)VALGRIND_MAKE_MEM_UNDEFINED(at, size))
#    else
#        define FORBID(at, size) ((void)(at), (void)(size))
#        define ALLOW(at, size)  ((void)(at), (void)(size))
#        define FORGET(at, size) ((void)(at), (void)(size))
#    endif

/* Every bit pattern of an address that is none, so that a pointer out of a free block leads nowhere. */
#    define FILL ((uint64_t)0xfdfdfdfdfdfdfdfd)

/* The states of a block: numbers that are not likely to be written there by accident. */
enum { STATE_NEW = 0xa9, STATE_USED = 0xc6, STATE_FREED = 0x35 };

/* A block and where it is. */
struct place {
    struct pmad_run *run;
    size_t class_index, block_index;
    char *block;
};

static struct {
    pmad_crime_handler *handler;
    void *arg;
} listener;

static pmad_crime_handler *fallback;

void pmad_guard_on_crime(pmad_crime_handler *handler, void *arg)
{
    listener.handler = handler;
    listener.arg = arg;
}

void pmad_guard_fall_back_on(pmad_crime_handler *handler)
{
    PMAD_STORE(fallback, handler); /* always the same, but threads may make their pools at once */
}

int pmad_is_guarded(void)
{
    return 1;
}

static void report(struct pmad *pool, const struct pmad_crime *crime)
{
    pmad_crime_handler *last = PMAD_LOAD(fallback);

    if (listener.handler != NULL)
        listener.handler(listener.arg, pool, crime);
    else if (last != NULL)
        last(NULL, pool, crime);
    else
        __builtin_trap();
}

/* ---- where things are ---- */

/* Returns where a class's part of the pool begins. */
static char *part_of(const struct pmad_run *run)
{
    return run->first - PMAD_HEADER_SIZE - run->side;
}

/* The states lie in that part behind the slots, if the engine has slots. */
static uint8_t *state_at(const struct pmad_run *run, size_t index)
{
    size_t slots = PMAD_SLOT_SIZE * (run->blocks + PMAD_SLOTS_EXTRA);

    return (uint8_t *)part_of(run) + slots + index;
}

static struct place place_at(struct pmad *pool, size_t class_index, size_t block_index)
{
    struct pmad_run *run = &pool->runs[class_index];

    return (struct place){run, class_index, block_index, pmad_block_at(run, block_index)};
}

static bool is_inside(const struct pmad *pool, uintptr_t address)
{
    return address - (uintptr_t)pool < pool->pool_size;
}

/* Returns the class whose part of the pool an address lies in. */
static size_t class_of(const struct pmad *pool, uintptr_t address)
{
    if (!is_inside(pool, address))
        return PMAD_NO_CLASS;
    for (size_t i = pool->class_count; i-- > 0;)
        if (address >= (uintptr_t)part_of(&pool->runs[i]))
            return i;
    return PMAD_NO_CLASS;
}

static bool is_free(const struct pmad_run *run, uintptr_t address)
{
    size_t index = pmad_index_of(run, address);

    return index < run->blocks &&
           (*state_at(run, index) == STATE_NEW || *state_at(run, index) == STATE_FREED);
}

/* ---- what is in a block and around it ---- */

/* Two words never have the same: neither step makes one of two numbers. */
static uint64_t canary_of(const struct pmad *pool, const void *word)
{
    uint64_t mixed = ((uintptr_t)word - (uintptr_t)pool * 31) * 0x9e3779b97f4a7c15;

    return mixed ^ mixed >> 29;
}

/* What stands in for the link in the header of a block in use. */
static uint64_t seal_of(const struct pmad *pool, const struct place *place)
{
    return canary_of(pool, place->block - PMAD_HEADER_SIZE);
}

static uint64_t *canary_words(const struct place *place)
{
    return (uint64_t *)(void *)(place->block + place->run->block_size);
}

static size_t guarded_size(const struct place *place)
{
    return place->run->block_size + PMAD_GUARD_CANARY_SIZE;
}

/* Where nobody but the guard has any business: behind a block in use, in any other everywhere. */
static struct ground {
    char *at;
    size_t size;
} forbidden(const struct place *place)
{
    bool used = *state_at(place->run, place->block_index) == STATE_USED;
    size_t allowed = used ? place->run->block_size : 0;

    return (struct ground){place->block + allowed, guarded_size(place) - allowed};
}

static void open_to_guard(const struct place *place)
{
    struct ground ground = forbidden(place);

    ALLOW(ground.at, ground.size);
}

static void close_again(const struct place *place)
{
    struct ground ground = forbidden(place);

    FORBID(ground.at, ground.size);
}

static bool is_word(const uint64_t *word, uint64_t expected, struct pmad_damage *damage)
{
    *damage = (struct pmad_damage){word, *word, expected};
    return *word == expected;
}

static bool canary_is_whole(const struct pmad *pool, const struct place *place,
                            struct pmad_damage *damage)
{
    const uint64_t *words = canary_words(place);

    return is_word(&words[0], canary_of(pool, &words[0]), damage) &&
           is_word(&words[1], canary_of(pool, &words[1]), damage);
}

static bool is_filled(const struct place *place, struct pmad_damage *damage)
{
    const uint64_t *words = (const uint64_t *)(const void *)place->block;
    size_t count = place->run->block_size / sizeof *words;
    size_t i = 0;

    while (i + 1 < count && words[i] == FILL)
        i++;
    return is_word(&words[i], FILL, damage);
}

/* Reads a block as its state demands. Returns the kind of the first damage to it, or -1. */
static int kind_of_damage(const struct pmad *pool, const struct place *place,
                          struct pmad_damage *damage)
{
    bool used = *state_at(place->run, place->block_index) == STATE_USED;
    bool freed = *state_at(place->run, place->block_index) == STATE_FREED;
    uint64_t seal = seal_of(pool, place);

    if (!pmad_engine_is_sealed(place->block, place->class_index, used ? &seal : NULL, damage))
        return PMAD_WRITE_BEFORE;
    if (freed && !(is_filled(place, damage) && canary_is_whole(pool, place, damage)))
        return PMAD_WRITE_AFTER_FREE;
    if (used && !canary_is_whole(pool, place, damage))
        return PMAD_WRITE_BEHIND;
    return -1;
}

/* Returns whether a block is damaged, and fills `*crime` if so. */
static bool is_damaged(const struct pmad *pool, const struct place *place, struct pmad_crime *crime)
{
    struct pmad_damage damage;
    int kind;

    open_to_guard(place);
    kind = kind_of_damage(pool, place, &damage);
    close_again(place);
    if (kind < 0)
        return false;
    *crime = (struct pmad_crime){
        .kind = (enum pmad_crime_kind)kind,
        .class_index = place->class_index,
        .block_index = place->block_index,
        .address = damage.at,
        .seen = damage.seen,
        .expected = damage.expected,
    };
    return true;
}

/* Brings a block into a state, which puts right what was damaged. */
static void enter(const struct pmad *pool, const struct place *place, uint8_t state)
{
    uint64_t *block = (uint64_t *)(void *)place->block;
    uint64_t *canary = canary_words(place);

    open_to_guard(place);
    *state_at(place->run, place->block_index) = state;
    if (state == STATE_FREED)
        for (size_t i = 0; i < place->run->block_size / sizeof *block; i++)
            block[i] = FILL;
    canary[0] = canary_of(pool, &canary[0]);
    canary[1] = canary_of(pool, &canary[1]);
    if (state == STATE_USED)
        FORGET(place->block, place->run->block_size);
    close_again(place);
    pmad_engine_seal(place->block, place->class_index, seal_of(pool, place));
}

/* ---- taking and giving back ---- */

/* Returns whether a free list may lead to `address`, 0 for its end, with so many blocks in use. */
static bool leads_well(const struct pmad_run *run, uintptr_t address, size_t in_use)
{
    return address == 0 ? in_use == run->blocks : is_free(run, address);
}

/* Judges what a pop would take, and what it would leave. */
static bool list_is_good(struct pmad *pool, size_t class_index)
{
    const struct pmad_run *run = &pool->runs[class_index];
    struct pmad_crime crime = {.kind = PMAD_FREE_LIST_MISLEADING, .class_index = class_index};
    size_t in_use = pmad_engine_in_use(run);
    uintptr_t first = pmad_engine_first_free(run);
    uintptr_t led_to = first;
    bool good = leads_well(run, first, in_use);

    if (good && first != 0) {
        crime.block_index = pmad_index_of(run, first);
        led_to = pmad_engine_second_free(run);
        good = leads_well(run, led_to, in_use + 1);
    }
    crime.address = (const void *)led_to; /* NOLINT(performance-no-int-to-ptr): only to be shown */
    if (!good)
        report(pool, &crime);
    return good;
}

void *pmad_alloc(struct pmad *pool, size_t size)
{
    struct pmad_list *list = pmad_list_for(pool, size);
    size_t class_index = (size_t)((struct pmad_run *)list - pool->runs); /* a run begins with it */
    struct pmad_crime crime;
    struct place place;
    void *block;

    if (class_index < pool->class_count && !list_is_good(pool, class_index))
        return NULL;
    block = pmad_pop(list);
    if (block == NULL)
        return NULL;
    place = place_at(pool, class_index, pmad_index_of(&pool->runs[class_index], (uintptr_t)block));
    if (is_damaged(pool, &place, &crime))
        report(pool, &crime);
    enter(pool, &place, STATE_USED);
    return block;
}

/* Says what was given back to the pool where there is no block. It takes its time. */
static void report_no_block(struct pmad *pool, const void *address)
{
    struct pmad_crime crime = {
        .kind = is_inside(pool, (uintptr_t)address) ? PMAD_INTERIOR_FREE : PMAD_FOREIGN_FREE,
        .class_index = class_of(pool, (uintptr_t)address),
        .address = address,
        .seen = (uintptr_t)address,
        .expected = (uintptr_t)pool,
    };

    if (crime.class_index != PMAD_NO_CLASS) {
        const struct pmad_run *run = &pool->runs[crime.class_index];
        size_t i = run->blocks - 1;

        while (i > 0 && (uintptr_t)pmad_block_at(run, i) > (uintptr_t)address)
            i--;
        crime.block_index = i;
        crime.expected = (uintptr_t)pmad_block_at(run, i);
    }
    report(pool, &crime);
}

/* Finds the block that begins at `address`. Returns whether there is one. */
static bool find_block(struct pmad *pool, const void *address, struct place *place)
{
    size_t class_index = class_of(pool, (uintptr_t)address);
    size_t block_index;

    if (class_index == PMAD_NO_CLASS)
        return false;
    block_index = pmad_index_of(&pool->runs[class_index], (uintptr_t)address);
    if (block_index == pool->runs[class_index].blocks)
        return false;
    *place = place_at(pool, class_index, block_index);
    return true;
}

void pmad_free(struct pmad *pool, void *block)
{
    struct pmad_crime crime;
    struct place place;
    uint8_t state;

    if (block == NULL)
        return;
    if (!find_block(pool, block, &place)) {
        report_no_block(pool, block);
        return;
    }
    state = *state_at(place.run, place.block_index);
    if (state != STATE_USED) {
        crime = (struct pmad_crime){
            PMAD_DOUBLE_FREE, place.class_index, place.block_index, block, state, STATE_USED};
        report(pool, &crime);
        return;
    }
    if (is_damaged(pool, &place, &crime))
        report(pool, &crime);
    enter(pool, &place, STATE_FREED);
    pmad_push(&pool->finder, block);
}

/* ---- the pool as a whole ---- */

void pmad_guard_begin(struct pmad *pool)
{
    for (size_t i = 0; i < pool->class_count; i++)
        for (size_t n = 0; n < pool->runs[i].blocks; n++) {
            struct place place = place_at(pool, i, n);

            *state_at(place.run, n) = STATE_NEW;
            close_again(&place);
        }
}

void pmad_guard_end(struct pmad *pool)
{
    ALLOW(pool, pool->pool_size);
}

/* Finds the first damaged block of a class. */
static bool find_damaged(struct pmad *pool, size_t class_index, struct pmad_crime *crime)
{
    for (size_t n = 0; n < pool->runs[class_index].blocks; n++) {
        struct place place = place_at(pool, class_index, n);

        if (is_damaged(pool, &place, crime))
            return true;
    }
    return false;
}

int pmad_guard_find(struct pmad *pool, struct pmad_crime *crime)
{
    for (size_t i = 0; i < pool->class_count; i++)
        if (find_damaged(pool, i, crime))
            return 1;
    return 0;
}

enum pmad_finding pmad_guard_check(struct pmad *pool, size_t class_index, struct pmad_check *check)
{
    static const enum pmad_finding finding_of[] = {
        [PMAD_WRITE_BEFORE] = PMAD_HEADER_BROKEN,
        [PMAD_WRITE_BEHIND] = PMAD_CANARY_BROKEN,
        [PMAD_WRITE_AFTER_FREE] = PMAD_FREE_BLOCK_WRITTEN,
    };
    const struct pmad_run *run = &pool->runs[class_index];
    size_t used = 0, free = 0;
    struct pmad_crime crime;

    for (size_t n = 0; n < run->blocks; n++) {
        used += *state_at(run, n) == STATE_USED;
        free += is_free(run, (uintptr_t)pmad_block_at(run, n));
    }
    if (used != pmad_engine_in_use(run) || used + free != run->blocks)
        return pmad_found(check, PMAD_COUNT_BROKEN, class_index, 0);
    if (find_damaged(pool, class_index, &crime))
        return pmad_found(check, finding_of[crime.kind], class_index, crime.block_index);
    return PMAD_SOUND;
}

#endif
