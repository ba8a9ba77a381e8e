#include "traced.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* Written by the child; in pages that both have. */
static struct shared {
    bool traceable;
    long faults;
} * shared;

static long faults_now(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* The piece begins and ends with a call that nobody else makes. */
void traced_begin(void)
{
    shared->faults = -faults_now();
    syscall(SYS_getppid);
}

void traced_end(void)
{
    syscall(SYS_getppid);
    shared->faults += faults_now();
}

/* The child: asks to be followed, and waits for the parent to begin with it. */
static _Noreturn void be_followed(void (*work)(const struct job *job), const struct job *job)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    shared->traceable = ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
    if (shared->traceable)
        raise(SIGSTOP);
    work(job);
    _exit(0);
}

static bool enters_call(pid_t child, long *call)
{
    struct __ptrace_syscall_info info;

    /* NOLINTNEXTLINE(performance-no-int-to-ptr): ptrace(2) wants the number there */
    if (ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) < 0)
        fail("ptrace", "cannot tell one system call from another");
    *call = (long)info.entry.nr;
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* The parent: from one call to the next, until the child is gone. Returns how many there were between
 * the two marks. */
static long follow(pid_t child)
{
    enum { IS_CALL = SIGTRAP | 0x80 }; /* with PTRACE_O_TRACESYSGOOD */
    bool between = false;
    long calls = 0;
    int status;

    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
        int signal = WSTOPSIG(status);
        long call;

        if (signal == SIGSTOP)
            ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD);
        if (signal == IS_CALL && enters_call(child, &call)) {
            between = between != (call == SYS_getppid);
            calls += between && call != SYS_getppid;
        }
        ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("traced child", "did not end well");
    return calls;
}

struct traced traced_run(void (*work)(const struct job *job), const struct job *job)
{
    pid_t child;
    long calls;

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        fail("mmap", "no page to share");
    fflush(stdout);
    child = fork();
    if (child < 0)
        fail("fork", "no child");
    if (child == 0)
        be_followed(work, job);
    calls = follow(child);
    return (struct traced){.calls = shared->traceable ? calls : -1, .faults = shared->faults};
}
