"""Connections as the kernel knows them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ESTABLISHED = "01"


@dataclass(frozen=True)
class Connection:
    """One of IPv4; ``inode`` names the socket."""

    local_port: int
    remote_port: int
    state: str
    inode: str


def connections() -> list[Connection]:
    """All of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [Connection(_port(row[1]), _port(row[2]), row[3], row[9]) for row in rows]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)


def sockets_of(process: int | str) -> set[str]:
    """The inodes of a process's open sockets; ``"self"`` is this one."""
    found = set()
    for entry in list(Path(f"/proc/{process}/fd").iterdir()):
        try:
            name = str(entry.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        if name.startswith("socket:["):
            found.add(name[len("socket:[") : -1])
    return found
