"""Leave each module once: as unchecked bytecode if it was imported, else as source.

``compile.py OWN FOLDER...``: under each folder Python has saved the bytecode of what was imported (``use.py``). What
lies below OWN, a regular expression, keeps its source too, which tracebacks show; other imported modules become a .pyc
in the place of the .py.
"""

from __future__ import annotations

import py_compile
import re
import sys
from pathlib import Path


def compile_imported(folder: Path, keeps_source: re.Pattern[str]) -> None:
    """Compile anew, to bytecode that depends on no file's time."""
    for saved in list(folder.rglob("__pycache__/*.pyc")):
        source = saved.parents[1] / saved.name.replace(f".{sys.implementation.cache_tag}.pyc", ".py")
        kept = bool(keeps_source.search(str(source)))
        target = saved if kept else source.with_suffix(".pyc")
        py_compile.compile(
            str(source), str(target), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
        if not kept:
            saved.unlink()
            source.unlink()
    for cache in list(folder.rglob("__pycache__")):
        if not any(cache.iterdir()):
            cache.rmdir()


if __name__ == "__main__":
    for name in sys.argv[2:]:
        compile_imported(Path(name), re.compile(sys.argv[1]))
