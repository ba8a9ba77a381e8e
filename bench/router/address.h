#ifndef ADDRESS_H
#define ADDRESS_H

/* Sockets by name: `unix:PATH` or `tcp:HOST:PORT` (HOST may be a name or an address). A name that is
 * not understood, a server that is not there: both end the program. */

/* A connected stream socket; over TCP without Nagle's delay. */
int address_connect(const char *name);

/* A listening one that does not block; a Unix socket that is left of a former run is replaced. */
int address_listen(const char *name);

#endif
