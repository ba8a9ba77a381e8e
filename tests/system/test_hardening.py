"""What is shipped is hardened: read from the ELF files of the programs, property by property."""

import os
import struct
import unittest
from collections import namedtuple
from pathlib import Path

import pmadd_testlib as lib

ET_DYN = 3
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
PT_GNU_STACK, PT_GNU_RELRO = 0x6474E551, 0x6474E552
PF_X, PF_W = 1, 2
SHT_SYMTAB, SHT_DYNSYM = 2, 11
DT_RPATH, DT_TEXTREL, DT_RUNPATH, DT_FLAGS, DT_FLAGS_1 = 15, 22, 29, 30, 0x6FFFFFFB
DF_TEXTREL, DF_BIND_NOW = 4, 8
DF_1_NOW, DF_1_PIE = 1, 0x08000000
EM_X86_64 = 62

ENDBR64 = bytes.fromhex("f30f1efa")
# How a large frame is made a page at a time, each touched: sub $0x1000, %rsp and then, by gcc,
# orq $0, (%rsp), by clang, movq $0, (%rsp).
ONE_PAGE = bytes.fromhex("4881ec00100000")
PROBES = ONE_PAGE + bytes.fromhex("48830c2400"), ONE_PAGE + bytes.fromhex("48c7042400000000")

Segment = namedtuple("Segment", "kind flags offset address there size memory align")
Section = namedtuple("Section", "name kind flags address offset size link info align entry")


class Elf:
    """The parts of a 64-bit little-endian ELF file that the tests ask about; elf(5)."""

    def __init__(self, path):
        self.bytes = Path(path).read_bytes()
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise unittest.SkipTest("the programs are not 64-bit little-endian ELF")
        (self.kind, self.machine, _, _, segments, sections, _, _, segment_size, segment_count,
         section_size, section_count, _) = struct.unpack_from("<HHIQQQIHHHHHH", self.bytes, 16)
        self.segments = [Segment._make(self.row("<IIQQQQQQ", segments + i * segment_size))
                         for i in range(segment_count)]
        self.sections = [Section._make(self.row("<IIQQQQIIQQ", sections + i * section_size))
                         for i in range(section_count)]

    def row(self, form, at):
        return struct.unpack_from(form, self.bytes, at)

    def segment(self, kind):
        """The first segment of this kind, or None."""
        return next((segment for segment in self.segments if segment.kind == kind), None)

    def dynamic(self):
        """The tags of the dynamic section and their values."""
        where = self.segment(PT_DYNAMIC)
        return dict(struct.iter_unpack("<QQ", self.bytes[where.offset:where.offset + where.size]))

    def symbols(self, kind):
        """Name and address of each symbol of the table of this kind."""
        for table in (section for section in self.sections if section.kind == kind):
            names = self.sections[table.link].offset
            for at in range(table.offset, table.offset + table.size, table.entry):
                name, _, _, _, address, _ = self.row("<IBBHQQ", at)
                begin = names + name
                yield self.bytes[begin:self.bytes.index(b"\0", begin)].decode(), address

    def at(self, address, size):
        """What is loaded to an address."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and 0 <= address - segment.address < segment.size:
                begin = segment.offset + address - segment.address
                return self.bytes[begin:begin + size]
        raise AssertionError(f"nothing is loaded to {address:#x}")

    def code(self):
        """All that is executable."""
        return b"".join(self.bytes[segment.offset:segment.offset + segment.size]
                        for segment in self.segments
                        if segment.kind == PT_LOAD and segment.flags & PF_X)


class Hardened(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.programs = {os.path.basename(path): Elf(path) for path in (lib.PMADD, lib.PMADCTL)}

    def assert_of_all(self, holds):
        for name, elf in self.programs.items():
            with self.subTest(name):
                self.assertTrue(holds(elf))

    def skip_unless_x86_64(self):
        if any(elf.machine != EM_X86_64 for elf in self.programs.values()):
            self.skipTest("known for x86-64 only")

    def test_the_programs_can_be_loaded_anywhere(self):
        self.assert_of_all(lambda elf: elf.kind == ET_DYN and elf.segment(PT_INTERP) is not None and
                           elf.dynamic()[DT_FLAGS_1] & DF_1_PIE)

    def test_no_code_is_changed_by_the_loader(self):
        self.assert_of_all(lambda elf: DT_TEXTREL not in elf.dynamic() and
                           not elf.dynamic().get(DT_FLAGS, 0) & DF_TEXTREL)

    def test_all_addresses_are_resolved_at_start(self):
        self.assert_of_all(lambda elf: elf.dynamic().get(DT_FLAGS, 0) & DF_BIND_NOW and
                           elf.dynamic()[DT_FLAGS_1] & DF_1_NOW)

    def test_resolved_addresses_are_read_only(self):
        self.assert_of_all(lambda elf: elf.segment(PT_GNU_RELRO) is not None)

    def test_the_stack_is_not_executable(self):
        self.assert_of_all(lambda elf: not elf.segment(PT_GNU_STACK).flags & PF_X)

    def test_nothing_is_writable_and_executable(self):
        self.assert_of_all(lambda elf: not any(segment.flags & PF_W and segment.flags & PF_X
                                               for segment in elf.segments))

    def test_no_library_is_looked_for_in_a_path_of_ours(self):
        self.assert_of_all(lambda elf: not {DT_RPATH, DT_RUNPATH} & elf.dynamic().keys())

    def test_a_broken_stack_frame_is_noticed(self):
        self.assert_of_all(lambda elf: "__stack_chk_fail" in dict(elf.symbols(SHT_DYNSYM)))

    def test_calls_of_the_c_library_check_sizes(self):
        self.assert_of_all(lambda elf: any(name.endswith("_chk")
                                           for name, _ in elf.symbols(SHT_DYNSYM)))

    def test_a_large_frame_cannot_jump_over_the_guard_page(self):
        self.skip_unless_x86_64()
        self.assert_of_all(lambda elf: any(probe in elf.code() for probe in PROBES))

    def test_an_indirect_jump_lands_at_the_beginning_of_a_function_only(self):
        self.skip_unless_x86_64()
        self.assert_of_all(lambda elf: elf.at(dict(elf.symbols(SHT_SYMTAB))["main"], 4) == ENDBR64)


if __name__ == "__main__":
    lib.main()
