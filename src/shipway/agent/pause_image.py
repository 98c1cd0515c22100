"""The pause container's image: one static program of a few bytes that sleeps for ever, made without a
registry. Pure.
"""

from __future__ import annotations

import io
import struct
import tarfile

BASE = 0x400000
HEADERS = 64 + 56

# pause(2) in a loop: mov eax, 34; syscall; jmp to the start
X86_64 = bytes.fromhex("b822000000" + "0f05" + "ebf7")
# aarch64 has no pause(2): ppoll(0, 0, 0, 0) in a loop
AARCH64 = struct.pack(
    "<7I",
    0xD2800000,  # mov x0, 0
    0xD2800001,  # mov x1, 0
    0xD2800002,  # mov x2, 0
    0xD2800003,  # mov x3, 0
    0xD2800928,  # mov x8, 73
    0xD4000001,  # svc 0
    0x17FFFFFA,  # b to the start
)
MACHINES = {"amd64": (0x3E, X86_64), "arm64": (0xB7, AARCH64)}


def pause_program(architecture: str) -> bytes:
    """A static ELF. `architecture` as Docker names it; raises KeyError for one that has no program here."""
    machine, code = MACHINES[architecture]
    identification = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    size = HEADERS + len(code)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, BASE + HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, BASE, BASE, size, size, 0x1000)
    return identification + header + segment + code


def pause_archive(architecture: str) -> bytes:
    """The tar that `docker import` takes."""
    program = pause_program(architecture)
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        entry = tarfile.TarInfo("pause")
        entry.size = len(program)
        entry.mode = 0o755
        archive.addfile(entry, io.BytesIO(program))
    return target.getvalue()
