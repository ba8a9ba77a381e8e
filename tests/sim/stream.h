#ifndef STREAM_H
#define STREAM_H

/* What an actor sends: requests become frames in its stream, and the stream is posted in pieces. */
#include "world.h"

enum { HEADER_SIZE = 12 };

/* One more request of this actor, to be filled in and sent. */
struct request *request_add(struct actor *actor, uint32_t type);

/* Puts the request's frame at the end of the stream. */
void stream_request(struct world *world, struct actor *actor, struct request *request);

/* Puts any frame there. */
void stream_frame(struct actor *actor, const char *magic, uint32_t type,
                  const struct bytes *content);

/* Posts what waits in the stream, or a part of it, and lets the world turn. */
void stream_deliver(struct world *world, struct actor *actor, bool all);

/* Posts so many bytes of what waits there, and leaves the turn to the caller. */
void stream_post(struct world *world, struct actor *actor, size_t size);

/* The header of one, which announces `size` bytes. */
void stream_header(struct actor *actor, const char *magic, uint32_t type, size_t size);

void add_text(struct bytes *into, const char *text, bool with_nul);

#endif
