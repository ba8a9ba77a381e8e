/*
 * A program without a C library: a pool in static memory is drained, given back and drained again. It
 * exits with 0 if all was as pmad_region_fit() had said, else with the number of what was not.
 */
#include "incPMAD.h"

void *memset(void *to, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
_Noreturn void run(void);

/* GCC demands these two of every environment, and may call them for an assignment of structs. Written
 * through volatile, or it would make calls of them to themselves. */
void *memset(void *to, int byte, size_t size)
{
    volatile unsigned char *bytes = to;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)byte;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    volatile unsigned char *bytes = to;

    for (size_t i = 0; i < size; i++)
        bytes[i] = ((const unsigned char *)from)[i];
    return to;
}

/* The kernel jumps to _start on a stack that is aligned as if for a call yet to come. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start: call run\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: bl run\n");
#endif

static _Noreturn void leave(long status)
{
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(60L), "D"(status));
#elif defined(__aarch64__)
    register long number __asm__("x8") = 93;
    register long argument __asm__("x0") = status;

    __asm__ volatile("svc 0" : : "r"(number), "r"(argument));
#endif
    __builtin_unreachable();
}

static unsigned char region[65536] __attribute__((aligned(64)));
static void *held[sizeof region / 16];

static const struct pmad_layout layout = {.class_count = 3,
                                          .classes = {{24, 20}, {128, 30}, {1000, 50}}};

/* Takes all there is of every class; returns whether it is as much as it should be. */
static int drain(struct pmad *pool, const struct pmad_fit *fit, size_t *taken)
{
    *taken = 0;
    for (size_t i = 0; i < layout.class_count; i++) {
        for (size_t n = 0; n < fit->classes[i].blocks; n++) {
            void *block = pmad_alloc(pool, layout.classes[i].block_size);

            if (block == NULL)
                return 0;
            held[(*taken)++] = memset(block, 0xa5, layout.classes[i].block_size);
        }
        if (pmad_alloc(pool, layout.classes[i].block_size) != NULL)
            return 0;
    }
    return 1;
}

void run(void)
{
    struct pmad_stats stats;
    struct pmad_fit fit;
    struct pmad *pool;
    size_t taken;

    if (pmad_region_fit(&layout, sizeof region, &fit) != PMAD_OK)
        leave(1);
    if (pmad_init_at(&pool, region, sizeof region, &layout) != PMAD_OK)
        leave(2);
    for (int round = 0; round < 3; round++) {
        if (!drain(pool, &fit, &taken))
            leave(3);
        if (pmad_check(pool, NULL) != PMAD_SOUND)
            leave(4);
        while (taken > 0)
            pmad_free(pool, held[--taken]);
        if (pmad_check(pool, NULL) != PMAD_SOUND)
            leave(5);
    }
    pmad_stats(pool, &stats);
    leave(stats.used_size == 0 && stats.classes[2].refused == 3 ? 0 : 6);
}
