#ifndef PMAD_MUST_H
#define PMAD_MUST_H

/*
 * What must hold, or the program has a bug of ours. Kept in release builds: a router that goes on
 * with broken lists does more harm than one that its service manager starts again. Never used on
 * what a peer, a user or the system can cause.
 *
 * One trap instruction and no message: the core dump names the line, and the allocator stays free
 * of libc. gcc and clang.
 */
#define MUST(condition) ((condition) ? (void)0 : __builtin_trap())

#endif
