"""Sockets passed on to a program as systemd would, sd_listen_fds(3)."""

import fcntl
import socket

ABOVE = 50  # descriptors of ours that are passed lie here first
FIRST = 3  # where sd_listen_fds(3) has them begin


def passing(*sockets, names=""):
    """What runs a program as systemd would that passes these sockets, and the descriptors it needs."""
    fds = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, ABOVE) for one in sockets]
    places = " ".join(f"{FIRST + i}<&{fd}" for i, fd in enumerate(fds))
    words = f'LISTEN_PID=$$ LISTEN_FDS={len(fds)} LISTEN_FDNAMES={names} exec "$0" "$@" {places}'
    return {"wrap": ("bash", "-c", words), "fds": fds}


def at(family, address, kind=socket.SOCK_STREAM, listens=True):
    one = socket.socket(family, kind)
    one.bind(address)
    if listens:
        one.listen()
    return one
