#ifndef PMAD_STRAIGHT_H
#define PMAD_STRAIGHT_H

/*
 * What keeps pmad_alloc() and pmad_free() straight lines, and short ones. gcc and clang.
 * tests/unit/pmad_disasm.sh reads what the compilers make of it.
 */
#include <stdint.h>

/* Returns `value`, which the compiler must have in a register by now and knows nothing about. */
static inline uintptr_t pmad_in_register(uintptr_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/*
 * Load and store one word in memory, by itself and here.
 *
 * Processors hand a word from the store of one call to the load of the next in no time when both are
 * plain moves of that word that name it by base and offset. Compilers would rather add straight into
 * memory, or store two neighbours at once, and then it takes five cycles; of relaxed atomics they keep
 * their hands off. (There is one thread: it is not for the atomicity.)
 */
#define PMAD_LOAD(word)         __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define PMAD_STORE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

/* Returns `then` if `yes` is 1, `otherwise` if it is 0, without a jump. Told that either is as likely
 * as the other, both compilers take a conditional move; that the result goes through a register keeps
 * them from following the two values further, each by a path of its own. */
static inline uintptr_t pmad_select(int yes, uintptr_t then, uintptr_t otherwise)
{
    return pmad_in_register(__builtin_expect_with_probability(yes, 1, 0.5) ? then : otherwise);
}

#endif
