"""The tables of docs/protocol.md say what the sources and `pmadd --help` say."""

import re
import subprocess
import unittest

import pmadd_testlib as lib
from twin import servers

DOCUMENT = (lib.SOURCE / "docs" / "protocol.md").read_text()
SENDERS = {"GM_FROM_NOBODY": set(), "GM_FROM_PEER": {"peer"}, "GM_FROM_SERVER": {"server"},
           "GM_FROM_BOTH": {"peer", "server"}}
HELP_TITLES = {"As gearmand has them": "honoured",
               "Of gearmand; accepted, noted in the log, and without a meaning here": "noted",
               "Of gearmand, and refused": "refused"}


def source(name):
    return (lib.SOURCE / name).read_text()


def table(*heading):
    """The rows of the table that has this heading, as lists of cells."""
    lines = DOCUMENT.splitlines()
    at = lines.index(f"| {' | '.join(heading)} |") + 2
    rows = []
    while at < len(lines) and lines[at].startswith("|"):
        rows.append([cell.strip().replace("\\|", "|")
                     for cell in re.split(r"(?<!\\)\|", lines[at])[1:-1]])
        at += 1
    return rows


def code(cell):
    """What stands between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def options(text):
    """The options of a help text: {long name: (letter, the title that it stands under)}."""
    found, title = {}, ""
    for line in text.splitlines():
        option = re.match(r"\s+(?:-(\w)(?:,| \[) )?--([\w-]+)", line)
        if option:
            found[option[2]] = (option[1], title)
        elif line.endswith(":"):
            title = line[:-1]
    return found


class Packets(unittest.TestCase):
    rows = table("number", "packet", "sent by", "arguments", "right", "what pmadd does")

    def test_every_packet_has_its_number(self):
        numbers = re.findall(r"^ +GM_(\w+) = (\d+),", source("proto/gm_packet.h"), re.MULTILINE)
        expected = [(int(number), name.replace("UNUSED_5", "UNUSED")) for name, number in numbers]
        self.assertEqual([(int(row[0]), row[1]) for row in self.rows], expected)
        self.assertEqual([number for number, _ in expected], list(range(1, 43)))

    def test_senders_and_arguments_are_those_of_the_packet_table(self):
        packets = re.findall(r'\{"(\w+)", (GM_FROM_\w+)([^}]*)\}', source("proto/gm_packet.c"))
        expected = {name: (SENDERS[direction], int((re.search(r"args = (\d+)", rest) or "00")[1]),
                           ".data = true" in rest) for name, direction, rest in packets}
        for _, name, sent_by, arguments, _, _ in self.rows:
            senders = {"server" if sender == "server" else "peer"
                       for sender in sent_by.split(", ") if sender != "nobody"}
            words = arguments.split(", ") if arguments else []
            data = words[-1:] == ["data"]
            self.assertEqual((senders, len(words) - data, data), expected[name], name)

    def test_rights_are_those_of_the_request_table(self):
        text = source("daemon/core/request.c")
        handlers = dict(re.findall(r"\[GM_(\w+)\] =\s+(.+)", text))
        rights = {"WORK(": "work", "SUBMIT(": "submit"}
        for _, name, _, _, right, _ in self.rows:
            handler = handlers.get(name, "")
            plain = re.search(r"\.right = RIGHT_(\w+)", handler)
            expected = plain[1].lower() if plain else next(
                (word for macro, word in rights.items() if handler.startswith(macro)), "")
            self.assertEqual(right, expected, name)


class Answers(unittest.TestCase):
    def test_every_error_has_its_code_and_text(self):
        errors = re.findall(r'\[ERROR_\w+\] = \{"(\w+)", "([^"]+)"\}',
                            source("daemon/core/answer.c"))
        rows = table("code", "usual text", "when")
        self.assertTrue(errors)
        self.assertEqual([(code(row[0])[0], row[1]) for row in rows], errors)

    def test_every_limit_has_its_name(self):
        limits = re.findall(r'\[LIMIT_\w+\] = \{"(\w+)"', source("daemon/core/answer.c"))
        rows = table("limit", "what is used up", "key")
        self.assertTrue(limits)
        self.assertEqual([code(row[0])[0] for row in rows], limits)

    def test_every_limit_has_its_default(self):
        defaults = dict(re.findall(r"^(\w+) = (\w+)", source("config/pmadd.conf"), re.MULTILINE))
        checked = 0
        for _, limit, _ in table("what", "limit", "beyond it"):
            said = re.match(r"`(\w+)`, (\w+)", limit)
            if said:
                self.assertEqual(defaults[said[1]], said[2], said[1])
                checked += 1
        self.assertGreater(checked, 5)


class Commands(unittest.TestCase):
    """Every command of the table, asked of daemons that allow more and more."""

    rows = table("command", "answer", "right")

    def ask(self, access):
        """What a connection by TCP is answered: [(right, answer, the first line of it)]."""
        port = lib.free_port()
        config = f"[server]\nlisten = 127.0.0.1:{port}\n[access]\n{access}\n"
        said = []
        with lib.Daemon(config), lib.Peer(("127.0.0.1", port)) as peer:
            for command, answer, right in self.rows:
                words = re.sub(r"\[.*\]", "", code(command)[0]).replace("FUNCTION", "f")
                line = first = peer.line(words)
                while answer.startswith("rows") and line != "." and not line.startswith("ERR "):
                    line = peer.input.readline().decode().rstrip("\n")
                said.append((right, answer, first))
        return said

    def test_the_commands_are_those_of_the_daemon(self):
        commands = re.findall(r'\{\{((?:"\w+"(?:, )?)+)\},\s+RIGHT_(\w+),',
                              source("daemon/core/admin.c"))
        expected = {(" ".join(re.findall(r"\w+", words)), right.lower())
                    for words, right in commands}
        listed = {(" ".join(re.findall(r"\b[a-z]+\b", code(command)[0])), right)
                  for command, _, right in self.rows}
        self.assertEqual(listed, expected)

    def test_every_answer_to_a_mistake_is_listed(self):
        replies = re.findall(r'\[REPLY_\w+\] = \{((?:"[^"]*"\s*)+),\s+(NULL|"[^"]*")\}',
                             source("daemon/core/admin.c"))
        said = {"".join(re.findall(r'"([^"]*)"', ahead)) +
                ("" if behind == "NULL" else "WORD" + behind.strip('"'))
                for ahead, behind in replies}
        listed = {code(answer)[0] for answer, _ in table("answer", "when")}
        self.assertEqual(listed, said - {"OK"})

    def test_a_command_is_denied_without_its_right(self):
        for access, rights in ("observe = root", []), ("observe = tcp", ["observe"]):
            for right, answer, line in self.ask(access):
                self.assertEqual(line.startswith("ERR ACCESS_DENIED "), right not in rights, answer)

    def test_a_command_is_answered_as_the_table_says(self):
        for _, answer, line in self.ask("observe = tcp\nadmin = tcp"):
            if answer.startswith("`OK"):
                self.assertRegex(line, r"^(OK|ERR UNKNOWN_JOB)")
            else:
                self.assertNotRegex(line, "^ERR ")


class Options(unittest.TestCase):
    rows = table("option", "in pmadd", "how")

    def listed(self):
        """{long name: (letter, kind)} of the document."""
        found = {}
        for option, kind, _ in self.rows:
            *letter, name = code(option)
            found[name[2:]] = (letter[0][1:] if letter else None, kind)
        return found

    def test_every_option_of_gearmands_is_what_the_help_says(self):
        shown = options(lib.run(lib.PMADD, "--help").stdout)
        expected = {name: (letter, HELP_TITLES[title]) for name, (letter, title) in shown.items()
                    if title in HELP_TITLES}
        self.assertEqual(set(HELP_TITLES), {title for _, title in shown.values()} - {""})
        for name in "version", "help":
            expected[name] = (shown[name][0], "honoured")
        self.assertEqual(self.listed(), expected)

    @unittest.skipUnless(servers.is_recorded(), "no gearmand 1.1.20: install gearman-job-server")
    def test_no_option_of_gearmands_is_missing(self):
        run = subprocess.run([servers.GEARMAND, "--help"], check=False, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        known = {name: letter for name, (letter, _) in options(run.stdout).items()}
        listed = {name: letter for name, (letter, _) in self.listed().items()}
        self.assertEqual(listed, known)

    def test_a_refused_option_is_refused(self):
        shown = lib.run(lib.PMADD, "--help").stdout
        for name, (_, kind) in self.listed().items():
            if kind != "refused":
                continue
            value = ["x"] if re.search(rf"--{name} [A-Z]", shown) else []
            run = lib.run(lib.PMADD, f"--{name}", *value)
            self.assertEqual(run.returncode, 2, name)
            self.assertIn(f"--{name}: ", run.stderr)


if __name__ == "__main__":
    lib.main()
