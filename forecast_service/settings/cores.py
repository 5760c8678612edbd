"""How many processor cores this process may use."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def cores(cgroups: Path = CGROUPS, own: Path = OWN) -> int:
    """Cores that the processor affinity and the quotas of the control groups leave, at least 1.

    ``os.cpu_count`` counts those of the whole machine, so a container with a quota would start too many processes. A
    part of a core counts as one, as with Java and joblib.

    Parameters
    ----------
    cgroups : where the control groups are mounted, version 2 or 1.
    own : the file that says to which groups this process belongs.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min([affinity, *_quotas(cgroups, own)])))


def _quotas(cgroups: Path, own: Path) -> Iterator[float]:
    """Quotas, in cores, of this process's groups and of all groups above them; each of them counts."""
    try:
        lines = own.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounted = cgroups / controllers if controllers else cgroups
        group = PurePosixPath(name)
        # In a container the file may name the group as the host sees it; the container sees it at the top.
        for above in {group, *group.parents, PurePosixPath("/")}:
            yield from _quota(mounted / above.relative_to("/"), new=not controllers)


def _quota(group: Path, *, new: bool) -> Iterator[float]:
    try:
        if new:
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        if quota != "max" and int(quota) > 0:  # version 1 says -1 for no quota
            yield int(quota) / int(period)
    except (OSError, ValueError):  # the group is not mounted here, or has no such controller
        return
