"""The JSON Schema of scenario documents: valid, whole, and of one opinion with the service."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, meta
from marshmallow import ValidationError

from forecast_service.openapi.scenario_schema import PATH, schema_text
from forecast_service.schemas.lever_types import SCHEMAS
from forecast_service.schemas.messages import flatten, placed
from forecast_service.schemas.scenarios import ScenarioDraftSchema
from models.dataset.countries import allies
from models.dataset.groups import GROUPS
from models.scenarios.library import FOLDER
from models.scenarios.scenario import ContradictoryLevers

ROOT = Path(__file__).parents[3]
EXPORTED = ROOT / "openapi" / "scenario.schema.json"
GOLDENS = Path(__file__).parents[1] / "schemas" / "goldens"
SCHEMA: dict[str, Any] = json.loads(EXPORTED.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
CAP = {"type": "cap", "share_pct": 2.5}
DOCUMENT: dict[str, Any] = {"name": "mine", "levers": [CAP]}
ONLY_THE_SERVICE = (
    "must not lie before 'from'",
    "no ally goes by",
    "must not hold the unprintable character",
    "must hold a visible character",
    "must be a text of 1 to",  # a text of blanks alone
    "is the name of a scenario that ships",
)
"""What the service says of documents that the schema lets pass, as its description tells."""


def refusals(document: Any) -> list[dict[str, str]]:
    """What the service says is wrong."""
    try:
        ScenarioDraftSchema().load(copy.deepcopy(document))
    except ValidationError as error:
        return [placed(path, detail, document) for path, detail in flatten(error.messages)]
    except ContradictoryLevers as error:
        return [{"pointer": f"/levers/{error.index}", "detail": error.detail}]
    return []


def faults(document: Any) -> set[str]:
    """The places that the schema says are wrong, as JSON Pointers."""
    return {"".join(f"/{step}" for step in error.instance_path) for error in VALIDATOR.iter_errors(document)}


def documents() -> list[tuple[str, dict[str, Any]]]:
    shipped = [(path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))]
    asked = [(p.stem, json.loads(p.read_text()).get("scenario")) for p in sorted(GOLDENS.glob("*.json"))]
    return shipped + [(name, found) for name, found in asked if isinstance(found, dict)]


def test_the_exported_file_is_what_the_code_says(app: Flask) -> None:
    assert EXPORTED.read_text(encoding="utf-8") == schema_text(app), "run 'make openapi'"


def test_it_is_a_schema_of_its_dialect_and_needs_no_other_document() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    meta.validate(SCHEMA)
    text = json.dumps(SCHEMA)
    references = {part.split('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}, "each is there, and none is left over"
    assert "discriminator" not in text


def test_every_field_is_described_and_closed() -> None:
    levers = [part for name, part in SCHEMA["$defs"].items() if name.startswith("Lever") and name != "Lever"]
    assert len(levers) == len(SCHEMAS)
    for part in (SCHEMA, *levers):
        assert part["title"]
        assert part["description"]
        assert part["additionalProperties"] is False
        for name, field in part["properties"].items():
            assert field.get("description"), (part["title"], name)
    offered = SCHEMA["$defs"]["Ally"]["examples"]
    assert set(offered) == {*GROUPS, *allies()}


def test_the_served_one_names_its_own_address(client: FlaskClient) -> None:
    answer = client.get(PATH)
    assert (answer.status_code, answer.mimetype) == (200, "application/schema+json")
    assert answer.json == SCHEMA | {"$id": f"http://localhost{PATH}"}
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"].startswith("public, max-age=")
    for tag in (answer.headers["ETag"], answer.headers["ETag"].removeprefix("W/")):
        again = client.get(PATH, headers={"If-None-Match": tag})
        assert (again.status_code, again.data) == (304, b"")
    assert client.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(("name", "document"), documents(), ids=lambda value: value if isinstance(value, str) else "")
def test_shipped_scenarios_and_those_of_the_goldens_are_right(name: str, document: dict[str, Any]) -> None:
    assert faults(document) == set()
    said = refusals(document)
    # A shipped one could be posted, but not under its own name.
    assert said == [] or (name, [one["pointer"] for one in said]) == (document["name"], ["/name"])


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_example_of_each_lever_is_right(kind: str) -> None:
    document = DOCUMENT | {"levers": [SCHEMAS[kind].example]}
    assert (faults(document), refusals(document)) == (set(), [])


def lever(**fields: Any) -> dict[str, Any]:
    return DOCUMENT | {"levers": [CAP | fields]}


BAD: dict[str, tuple[Any, str]] = {
    "no object": ([], ""),
    "no name": ({"levers": []}, ""),
    "no levers": ({"name": "x"}, ""),
    "an unknown field": (DOCUMENT | {"leverz": []}, ""),
    "an empty name": (DOCUMENT | {"name": ""}, "/name"),
    "a long name": (DOCUMENT | {"name": "x" * 101}, "/name"),
    "a name that is no text": (DOCUMENT | {"name": 1}, "/name"),
    "a long description": (DOCUMENT | {"description": "x" * 2001}, "/description"),
    "levers that are no list": (DOCUMENT | {"levers": {}}, "/levers"),
    "too many levers": (DOCUMENT | {"levers": [CAP] * 51}, "/levers"),
    "a lever that is no object": (DOCUMENT | {"levers": ["cap"]}, "/levers/0"),
    "a lever without type": (DOCUMENT | {"levers": [{"share_pct": 2}]}, "/levers/0"),
    "a lever of no type": (lever(type="capp"), "/levers/0/type"),
    "a type that is no text": (lever(type=1), "/levers/0/type"),
    "a lever without its number": (DOCUMENT | {"levers": [{"type": "cap"}]}, "/levers/0"),
    "an unknown field of a lever": (lever(shar_pct=2), "/levers/0"),
    "a field of another lever": (lever(years=2), "/levers/0"),
    "a number too large": (lever(share_pct=101), "/levers/0/share_pct"),
    "a number too small": (lever(share_pct=0), "/levers/0/share_pct"),
    "a number as text": (lever(share_pct="2"), "/levers/0/share_pct"),
    "a number as boolean": (lever(share_pct=True), "/levers/0/share_pct"),
    "half a year": (lever(**{"from": 2030.5}), "/levers/0/from"),
    "a year too late": (lever(to=2061), "/levers/0/to"),
    "an unknown component": (lever(component="total"), "/levers/0/component"),
    "no countries": (lever(countries=[]), "/levers/0/countries"),
    "too many countries": (lever(countries=["DEU"] * 60), "/levers/0/countries"),
    "a country that is no text": (lever(countries=[1]), "/levers/0/countries/0"),
    "both ways of growth": (
        DOCUMENT | {"levers": [{"type": "gdp_growth", "change_pp": 1, "rate_pct": 1}]},
        "/levers/0",
    ),
    "no way of growth": (DOCUMENT | {"levers": [{"type": "gdp_growth"}]}, "/levers/0"),
    "a shock of nothing": (DOCUMENT | {"levers": [{"type": "shock"}]}, "/levers/0"),
    "a belief of no kind": (
        DOCUMENT | {"levers": [{"type": "pledge", "share_pct": 2, "year": 2030, "credibility": "high"}]},
        "/levers/0/credibility",
    ),
    "points of no year": (DOCUMENT | {"levers": [{"type": "share_path", "points": {"30": 2}}]}, "/levers/0/points"),
    "points that are none": (DOCUMENT | {"levers": [{"type": "share_path", "points": {}}]}, "/levers/0/points"),
    "a point too high": (
        DOCUMENT | {"levers": [{"type": "share_path", "points": {"2030": 200}}]},
        "/levers/0/points/2030",
    ),
    "components that are none": (DOCUMENT | {"components": ["total"]}, "/components/0"),
    "public as text": (DOCUMENT | {"public": "true"}, "/public"),
    "based on what cannot be": (DOCUMENT | {"based_on": "No such"}, "/based_on"),
    "a vintage of no name": (DOCUMENT | {"vintage": 2026}, "/vintage"),
    "a long address of the schema": (DOCUMENT | {"$schema": "x" * 1001}, "/$schema"),
}


@pytest.mark.parametrize("name", BAD)
def test_both_refuse_a_bad_document_at_the_same_place(name: str) -> None:
    document, place = BAD[name]
    assert place in faults(document)
    # The service names the unknown field itself, the schema the object that holds it.
    assert any(said["pointer"].startswith(place) for said in refusals(document))


@pytest.mark.parametrize(
    "document",
    [
        lever(**{"from": 2031, "to": 2030}),
        lever(countries=["Atlantis"]),
        DOCUMENT | {"name": "Baseline"},
        DOCUMENT | {"name": "a\u202eb"},
        DOCUMENT | {"name": " "},
        DOCUMENT | {"levers": [{"type": "freeze"}, {"type": "delay", "years": 2}]},
    ],
)
def test_what_only_the_service_can_see(document: dict[str, Any]) -> None:
    assert faults(document) == set()
    assert refusals(document) != []


NUMBERS = (0, 1, -1, 0.5, 2.0, 2.5, 99, 101, 1999, 2029, 2030, 2030.0, 2061)
WORDS = ("", " ", "core", "related", "x", "learned", "share", "trend", "resume", "2030", "DEU", "all", "baseline")
WHOLE = ([], ["DEU"], ["core"], [1], {}, {"2030": 2}, {"2061": 2}, {"2030": "x"})
VALUES = st.sampled_from((True, False, *NUMBERS, *WORDS, *WHOLE))
NAMES = sorted({name for part in SCHEMA["$defs"].values() for name in part.get("properties", ())} | {"typo"})
LEVERS = st.builds(
    lambda kind, changes, gone: {
        name: value for name, value in (SCHEMAS[kind].example | changes).items() if name not in gone
    },
    st.sampled_from(sorted(SCHEMAS)),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2),
    st.sets(st.sampled_from(NAMES), max_size=1),
)
FIELDS = st.dictionaries(st.sampled_from([*SCHEMA["properties"], "typo"]), VALUES, max_size=2)


@settings(max_examples=150)
@given(LEVERS, FIELDS)
def test_the_schema_and_the_service_are_of_one_opinion(lever: dict[str, Any], fields: dict[str, Any]) -> None:
    document = {"name": "mine", "levers": [lever]} | fields
    said = refusals(document)
    if faults(document):
        assert said, document
    else:
        assert [one for one in said if not any(words in one["detail"] for words in ONLY_THE_SERVICE)] == []
