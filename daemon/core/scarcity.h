#ifndef SCARCITY_H
#define SCARCITY_H

/* Allocations that fail because the driver says so, router_scarcity(): a countdown that every
 * allocation of the running router asks. */
#include <stdbool.h>
#include <stdint.h>

struct scarcity {
    uint64_t left; /* until the one that fails, that one included; 0: none does */
    uint64_t seen; /* allocations, of late */
    bool goes_on;  /* all after it fail, too */
};

/* Does this one fail? */
static inline bool scarcity_strikes(struct scarcity *scarcity)
{
    bool strikes = scarcity->left == 1;

    scarcity->seen++;
    if (scarcity->left > 1 || (strikes && !scarcity->goes_on))
        scarcity->left--;
    return strikes;
}

#endif
