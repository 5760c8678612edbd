"""``CITATION.cff`` is a file of the Citation File Format 1.2.0, and of this release."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from forecast_service.version import VERSION

ROOT = Path(__file__).parents[1]
REQUIRED = {"cff-version", "message", "title", "authors"}
ALLOWED = REQUIRED | {
    "abstract", "commit", "contact", "date-released", "doi", "identifiers", "keywords", "license", "license-url",
    "preferred-citation", "references", "repository", "repository-artifact", "repository-code", "type", "url",
    "version",
}  # fmt: skip
"""The keys of the format's schema."""


def test_it_is_of_the_format_and_of_this_release() -> None:
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert REQUIRED <= found.keys() <= ALLOWED
    assert (found["cff-version"], found["type"], found["license"]) == ("1.2.0", "software", "MIT")
    assert found["version"] == VERSION, "set it in CITATION.cff too"
    for name in ("message", "title", "abstract"):
        assert isinstance(found[name], str)
        assert found[name].strip()
    assert all(isinstance(word, str) and word for word in found["keywords"])
    assert len(set(found["keywords"])) == len(found["keywords"]) > 0
    holder = re.search(r"^Copyright \(c\) [0-9]{4} (.+)$", (ROOT / "LICENSE").read_text(encoding="utf-8"), re.MULTILINE)
    assert holder
    assert found["authors"] == [{"name": holder[1]}]  # an entity: the format asks for its name alone
