"""TCP beside the Unix socket: where it listens, what is said where it cannot, and who may what."""

import os
import pwd
import shutil
import socket
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

FAILED = 1
LOOPBACK = "127.0.0.1"
DENIED = "ERR ACCESS_DENIED"


def has_ip6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def free_port_of_both():
    """A port that is free on the loopback of both families."""
    while True:
        port = lib.free_port()
        try:
            socket.create_server(("::1", port), family=socket.AF_INET6).close()
        except OSError:
            continue
        return port


def listening(*addresses, access=""):
    lines = "".join(f"listen = {address}\n" for address in addresses)
    return f"[server]\n{lines}[access]\n{access}"


class Listeners(unittest.TestCase):
    def test_all_of_them_and_the_unix_socket_lead_to_one_router(self):
        ports = lib.free_port(), lib.free_port()
        with Daemon(listening(*(f"{LOOPBACK}:{port}" for port in ports))) as daemon, \
                Peer((LOOPBACK, ports[0])) as client, Peer((LOOPBACK, ports[1])) as worker, \
                daemon.connect() as asker:
            worker.can_do("f")
            worker.echo()
            self.assertEqual(asker.listing("status"), [["f", "0", "0", "1"]])
            handle = client.submit("f", b"data")
            self.assertEqual(worker.grab(), (handle, b"f", b"data"))
            worker.complete(handle, b"done")
            self.assertEqual(client.expect(lib.WORK_COMPLETE), handle + b"\0done")

    @unittest.skipUnless(has_ip6(), "this machine has no IPv6")
    def test_ip6_has_brackets(self):
        port = free_port_of_both()
        with Daemon(listening(f"[::1]:{port}")) as daemon, Peer(("::1", port)) as peer:
            peer.echo()
            self.assertIn(f"[::1]:{port}", daemon.said())
            with self.assertRaises(ConnectionRefusedError):
                Peer((LOOPBACK, port))

    @unittest.skipUnless(has_ip6(), "this machine has no IPv6")
    def test_localhost_is_the_loopback_of_both_families(self):
        port = free_port_of_both()
        with Daemon(listening(f"localhost:{port}")):
            for host in (LOOPBACK, "::1"):
                with Peer((host, port)) as peer:
                    peer.echo()

    @unittest.skipUnless(has_ip6(), "this machine has no IPv6")
    def test_every_address_of_both_families_has_room_at_one_port(self):
        port = free_port_of_both()
        with Daemon(args=("-L", "0.0.0.0", "-L", "::", "-p", str(port))) as daemon:
            self.assertIn(f"0.0.0.0:{port}, [::]:{port}", daemon.said())
            for host in (LOOPBACK, "::1"):
                with Peer((host, port)) as peer:
                    peer.echo()

    def test_a_peer_is_known_by_its_address(self):
        port = lib.free_port()
        with Daemon(listening(f"{LOOPBACK}:{port}")), Peer((LOOPBACK, port)) as peer:
            peer.can_do("f")
            peer.raw(b"workers\n")
            self.assertRegex(peer.input.readline().decode(), rf"^\d+ {LOOPBACK} - : f\n$")

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    @unittest.skipIf(lib.SANITIZED, "a sanitizer and strace do not go together")
    def test_what_is_written_does_not_wait_for_more(self):
        port = lib.free_port()
        with tempfile.TemporaryDirectory(dir=lib.short_tmp()) as directory:
            trace = Path(directory) / "trace"
            with Daemon(listening(f"{LOOPBACK}:{port}"),
                        wrap=("strace", "-qq", "-e", "setsockopt", "-o", str(trace))) as daemon:
                with Peer((LOOPBACK, port)) as peer:
                    peer.echo()
                os.kill(daemon.pid(), 15)
                daemon.wait()
            self.assertIn("TCP_NODELAY, [1]", trace.read_text())


class Refused(unittest.TestCase):
    """One clear line, and nothing is left behind."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.socket = Path(directory.name) / "s"

    def assert_refused(self, said, *args, program=(lib.PMADD,)):
        run = lib.run(*program, "--config", "/dev/null", "-s", self.socket, *args)
        self.assertEqual(run.returncode, FAILED, run.stderr)
        errors = [line for line in run.stderr.splitlines() if ": error: " in line]
        self.assertEqual(len(errors), 1, run.stderr)
        self.assertRegex(errors[0], said)
        self.assertFalse(self.socket.exists(), "it left a socket behind")

    def test_the_same_port_twice(self):
        port = lib.free_port()
        listen = "--set", f"server.listen={LOOPBACK}:{port}"
        self.assert_refused(f"listen {LOOPBACK}:{port}: Address already in use; .*line of ours",
                            *listen, *listen)

    def test_a_busy_port_that_localhost_stands_for(self):
        with socket.create_server((LOOPBACK, 0)) as taken:
            port = taken.getsockname()[1]
            self.assert_refused(f"listen localhost:{port}: {LOOPBACK}:{port}: Address already in "
                                "use; another program", "-p", str(port))

    def test_an_address_of_another_machine(self):
        self.assert_refused("listen 192.0.2.1:4730: Cannot assign .*; this machine does not have",
                            "-L", "192.0.2.1")

    def test_a_name_nobody_has(self):
        self.assert_refused("listen no-such-host.invalid:4730: ", "-L", "no-such-host.invalid")

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_a_port_that_is_root_s(self):
        lowest = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
        if lowest < 2:
            self.skipTest("here no port is root's")
        with lib.directory_of(lib.NOBODY) as place:
            self.socket = place / "home" / "s"
            self.assert_refused(f"listen {LOOPBACK}:1: Permission denied; a port below 1024",
                                "-L", LOOPBACK, "-p", "1",
                                program=(*lib.as_user(lib.NOBODY), place / "pmadd"))


class Rights(unittest.TestCase):
    """[access] is about TCP; by the Unix socket it is the user that counts."""

    SUBMIT, WORK, OBSERVE, ADMIN = "submit", "work", "observe", "admin"

    def rights_at(self, address):
        """What can be done there."""
        rights = set()
        with Peer(address) as peer:
            peer.send(lib.GET_STATUS, "H:x:1")
            if peer.receive()[0] == lib.STATUS_RES:
                rights.add(self.SUBMIT)
            if not peer.line("maxqueue f 5").startswith(DENIED):
                rights.add(self.ADMIN)
            if not peer.line("version").startswith(DENIED):
                rights.add(self.OBSERVE)
        with Peer(address) as peer:
            peer.can_do("f")
            peer.send(lib.GRAB_JOB)
            if peer.receive()[0] == lib.NO_JOB:
                rights.add(self.WORK)
        return rights

    def test_the_keys_of_access_say_what_tcp_may(self):
        usual = {self.SUBMIT, self.WORK, self.OBSERVE}
        cases = (
            ("", usual),
            ("admin = tcp\n", usual | {self.ADMIN}),
            ("submit = tcp\n", usual),
            ("submit = root\n", usual - {self.SUBMIT}),
            ("work = @root\n", usual - {self.WORK}),
            ("observe = root, @root\n", usual - {self.OBSERVE}),
            ("work = root\nobserve = root\nadmin = tcp\n", {self.SUBMIT, self.ADMIN}),
        )
        for access, rights in cases:
            port = lib.free_port()
            with self.subTest(access=access), \
                    Daemon(listening(f"{LOOPBACK}:{port}", access=access)) as daemon:
                self.assertEqual(self.rights_at((LOOPBACK, port)), rights)
                self.assertEqual(self.rights_at(daemon.socket), usual | {self.ADMIN})

    def test_a_limit_is_set_by_those_who_may(self):
        port = lib.free_port()
        with Daemon(listening(f"{LOOPBACK}:{port}")) as daemon:
            with Peer((LOOPBACK, port)) as peer:
                self.assertRegex(peer.line("maxqueue f 5"), f"^{DENIED} .")
                peer.echo()
            with daemon.connect() as peer:
                self.assertEqual(peer.line("maxqueue f 5"), "OK")

    @unittest.skipUnless(lib.can_be_others() and os.path.exists("/usr/bin/python3"),
                         "needs root, setpriv, and a Python that others can run")
    def test_by_the_unix_socket_only_root_and_the_daemon_s_user_administer(self):
        ask = ("import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
               "s.sendall(b'maxqueue f 5\\nversion\\n'); f = s.makefile(); "
               "print(f.readline().strip(), '|', f.readline().strip())")
        nobody = pwd.getpwuid(lib.NOBODY)
        with lib.directory_of(lib.NOBODY) as place:
            with Daemon("[server]\nsocket_mode = 0666\n", directory=place,
                        args=("-u", nobody.pw_name)) as daemon:
                for uid, said in ((0, r"^OK \| OK \d"), (lib.NOBODY, r"^OK \| OK \d"),
                                  (lib.NOBODY - 1, rf"^{DENIED} .* \| OK \d")):
                    run = lib.run(*lib.as_user(uid), "/usr/bin/python3", "-c", ask, daemon.socket)
                    with self.subTest(uid=uid):
                        self.assertRegex(run.stdout, said, run.stderr)


if __name__ == "__main__":
    lib.main()
