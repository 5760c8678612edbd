"""What the processor is good at, to be settled before numpy is imported."""

from __future__ import annotations

import os
from pathlib import Path

ZEN_4 = {"vendor_id": "AuthenticAMD", "cpu family": "25"}
SLOW = "X86_V4"
"""numpy's name for the kernels with 512-bit vectors."""


def _facts() -> dict[str, str]:
    """What Linux says of the first processor; nothing elsewhere."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    lines = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def prefer_fast_sorts() -> None:
    """Let numpy sort with 256-bit vectors on a Zen 4, unless the environment says something itself.

    With 512 bits it packs by compress-stores, which a Zen 4 does in microcode: sorting float32 takes four times as
    long. Sorts are what most of a forecast's time goes to, so that is worth more than the wider exp and log.
    """
    facts = _facts()
    if ZEN_4.items() <= facts.items() and "avx512bw" in facts.get("flags", "").split():
        os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", SLOW)
