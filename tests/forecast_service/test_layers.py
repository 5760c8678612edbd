"""What keeps the service thin: short views, no statistics, nothing heavy at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import forecast_service

PACKAGE = Path(forecast_service.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


@pytest.mark.parametrize("path", sorted((PACKAGE / "api").glob("*.py")), ids=lambda path: path.stem)
def test_a_view_is_at_most_ten_lines(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= 10, f"{path.name}: {node.name}"


@each_file
def test_the_service_contains_no_statistics(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in imported} & {"scipy", "statsmodels", "pandas"}


def test_the_application_starts_without_what_fits() -> None:
    code = (
        "import sys, forecast_service as f; from forecast_service.settings import Settings; f.create_app(Settings());"
        "print(*sorted({m.split('.')[0] for m in sys.modules} & {'scipy', 'statsmodels', 'pandas'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""
