"""Process settings for speed. A process that serves or fits calls :func:`prepare` before it imports numpy.

Importing this package sets nothing, so a notebook keeps its own settings.
"""

from __future__ import annotations

import ctypes
import os
import re
from importlib import metadata
from pathlib import Path

ZEN_4 = {"vendor_id": "AuthenticAMD", "cpu family": "25"}
SLOW = "X86_V4"
"""NumPy's name for its kernels with 512-bit vectors, from version :data:`NAMED_SINCE` on."""
SLOW_FLAGS = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
"""Linux's names for the processor features that those kernels need."""
NAMED_SINCE = (2, 4)

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # as glibc's malloc.h numbers them
KEPT_BYTES, LARGE_BYTES = 32 << 20, 16 << 20


def prepare() -> None:
    """Set NumPy's kernels, malloc's limits, and one thread, since the workers already use all cores.

    Variables that the environment sets stay. Child processes inherit them, but must call this for malloc.
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
    """Whether the installed NumPy can disable those kernels.

    An older NumPy warns that it does not know the name. A build for one kind of processor may need the kernels and
    fail to import without them; a wheel for any Linux never needs them.
    """
    try:
        numpy = metadata.distribution("numpy")
    except metadata.PackageNotFoundError:
        return False
    version = tuple(map(int, re.findall(r"\d+", numpy.version)[:2]))
    return version >= NAMED_SINCE and re.search("(many|musl)linux", numpy.read_text("WHEEL") or "") is not None


def prefer_fast_sorts() -> None:
    """Let NumPy sort with 256-bit vectors on a Zen 4, unless the environment sets the variable.

    NumPy's 512-bit sort uses compress-stores, which a Zen 4 runs in microcode: sorting float32 takes four times as
    long. A forecast spends most of its time on sorts, so fast sorts matter more than wide exp and log.
    """
    facts = first_processor()
    if ZEN_4.items() <= facts.items() and set(facts.get("flags", "").split()) >= SLOW_FLAGS and _may_be_told():
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", SLOW)


def keep_memory() -> None:
    """Let glibc's malloc reuse memory between forecasts; do nothing with another C library.

    A forecast allocates dozens of arrays of half a megabyte. By default glibc returns each to the system and fetches
    new pages for the next, which takes a third of a forecast's time. All threads share one heap and so hold this
    memory once: they compute one at a time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_TRIM_THRESHOLD, KEPT_BYTES), (_MMAP_THRESHOLD, LARGE_BYTES), (_ARENA_MAX, 1)):
            mallopt(parameter, value)
