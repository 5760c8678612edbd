"""What suits the machine: a process that serves or fits calls :func:`prepare` before it imports numpy.

Importing the statistics sets nothing: in a notebook the machine is its owner's.
"""

from __future__ import annotations

import ctypes
import os
import re
from importlib import metadata
from pathlib import Path

ZEN_4 = {"vendor_id": "AuthenticAMD", "cpu family": "25"}
SLOW = "X86_V4"
"""numpy's name for the kernels with 512-bit vectors, since :data:`NAMED_SINCE`."""
SLOW_FLAGS = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
"""What Linux calls what they need."""
NAMED_SINCE = (2, 4)

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as glibc's malloc.h numbers them
KEPT_BYTES, LARGE_BYTES = 32 << 20, 16 << 20


def prepare() -> None:
    """Settle what suits this process: kernels, memory, and one thread, as the workers already use all the cores.

    What the environment says itself stays. Processes that are started later take over the environment, and call this
    for the memory.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    keep_memory()
    prefer_fast_sorts()


def first_processor() -> dict[str, str]:
    """What Linux says of the first processor; nothing elsewhere."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    lines = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def _may_be_told() -> bool:
    """Whether the numpy that is installed can do without those kernels.

    An older one would warn that it knows no such name. One that was built for a single kind of processor may hold
    them to be its baseline, and refuses to be imported without; a wheel for any Linux never does.
    """
    try:
        numpy = metadata.distribution("numpy")
    except metadata.PackageNotFoundError:
        return False
    version = tuple(map(int, re.findall(r"\d+", numpy.version)[:2]))
    return version >= NAMED_SINCE and re.search("(many|musl)linux", numpy.read_text("WHEEL") or "") is not None


def prefer_fast_sorts() -> None:
    """Let numpy sort with 256-bit vectors on a Zen 4, unless the environment says something itself.

    With 512 bits it packs by compress-stores, which a Zen 4 does in microcode: sorting float32 takes four times as
    long. Sorts are what most of a forecast's time goes to, so that is worth more than the wider exp and log.
    """
    facts = first_processor()
    if ZEN_4.items() <= facts.items() and set(facts.get("flags", "").split()) >= SLOW_FLAGS and _may_be_told():
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", SLOW)


def keep_memory() -> None:
    """Let malloc keep what a forecast used for the next one; nothing happens where the C library is not glibc.

    A forecast makes dozens of arrays of half a megabyte. By its defaults glibc gives them back to the system at once
    and fetches fresh pages for the next: a third of a forecast's time. All threads share one heap, so that what is
    kept is kept once: they compute one at a time anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_TRIM_THRESHOLD, KEPT_BYTES), (_MMAP_THRESHOLD, LARGE_BYTES), (_ARENA_MAX, 1)):
            mallopt(parameter, value)
