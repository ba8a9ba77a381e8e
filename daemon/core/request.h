#ifndef REQUEST_H
#define REQUEST_H

/*
 * Requests: what each packet does. router_begin() looks the type up in one table and calls its
 * handler; a handler either does all there is to do, or opens the door for a body and leaves the rest
 * to router_commit().
 */
#include "gm_frame.h"
#include "router.h"

/* A head whose arguments are missing or too long: says so, names the packet, skips the frame. */
enum router_verdict request_bad_arguments(struct router *router, struct peer *peer,
                                          const struct gm_head *head);

/* Not this protocol: says so and closes. */
enum router_verdict request_bad_magic(struct peer *peer);

#endif
