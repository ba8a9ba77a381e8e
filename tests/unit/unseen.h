#ifndef UNSEEN_H
#define UNSEEN_H

/*
 * For what is done to the memory of a pool that nobody may touch, so that it is the guard that has to see it:
 * a function that is UNSEEN goes past AddressSanitizer, and between LOOK_AWAY and LOOK_AGAIN past memcheck.
 */
#define UNSEEN __attribute__((no_sanitize("address")))

#ifdef PMAD_VALGRIND
#    include <valgrind/valgrind.h>
#    define LOOK_AWAY  VALGRIND_DISABLE_ERROR_REPORTING
#    define LOOK_AGAIN VALGRIND_ENABLE_ERROR_REPORTING
#else
#    define LOOK_AWAY  ((void)0)
#    define LOOK_AGAIN ((void)0)
#endif

#endif
