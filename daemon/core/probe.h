#ifndef PROBE_H
#define PROBE_H

/*
 * Static probes, for bpftrace and its like: each is one instruction that does nothing until somebody asks
 * for it, and a note in the program that says where it is and where its arguments are. Without
 * <sys/sdt.h> at build time there are none. The provider is `pmadd`; docs/operations.md lists them.
 */
#if PMADD_PROBES
#    include <sys/sdt.h>
#    define PROBE1(name, a)          DTRACE_PROBE1(pmadd, name, a)
#    define PROBE2(name, a, b)       DTRACE_PROBE2(pmadd, name, a, b)
#    define PROBE3(name, a, b, c)    DTRACE_PROBE3(pmadd, name, a, b, c)
#    define PROBE4(name, a, b, c, d) DTRACE_PROBE4(pmadd, name, a, b, c, d)
#else
#    define PROBE1(name, a)          ((void)0)
#    define PROBE2(name, a, b)       ((void)0)
#    define PROBE3(name, a, b, c)    ((void)0)
#    define PROBE4(name, a, b, c, d) ((void)0)
#endif

#endif
