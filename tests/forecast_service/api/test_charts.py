"""Charts over HTTP: their addresses, forms, caching, bounds, privacy, and what a name may hold."""

from __future__ import annotations

import struct
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.http.answers import EXTENSION

pytestmark = pytest.mark.slow

PICTURES = {
    "/v1/countries/DEU/forecast": "Germany has a probability",
    "/v1/countries/DEU/waterfall?scenario=border-war": "From ",
    "/v1/countries/DEU/sensitivity": "The probability that the core",
    "/v1/alliance/ranking": "In the baseline ",
    "/v1/alliance/heatmap": "In the baseline ",
    "/v1/alliance/count": "In the baseline the median number",
    "/v1/track-record/reliability": "Of ",
}
WITH_JSON = ("/v1/countries/DEU/forecast", "/v1/countries/DEU/sensitivity")
"""What Accept can ask for as a picture: the others are charts alone, and go by their suffix."""
TYPES = {"svg": "image/svg+xml", "png": "image/png", "vl.json": "application/vnd.vegalite.v6+json"}
INLINE = {"name": "half way", "levers": [{"type": "cap", "share_pct": 2.0, "from": 2030}]}


def suffixed(path: str, form: str) -> str:
    bare, _, query = path.partition("?")
    return f"{bare}.{form}" + (f"?{query}" if query else "")


@pytest.mark.parametrize("path", PICTURES)
@pytest.mark.parametrize("form", TYPES)
def test_a_suffix_and_accept_give_the_same_picture(client: FlaskClient, path: str, form: str) -> None:
    found = client.get(suffixed(path, form))
    assert (found.status_code, found.mimetype) == (200, TYPES[form])
    accepted = client.get(path, headers={"Accept": f"{TYPES[form]}, application/json;q=0.5"})
    if path in WITH_JSON:
        assert (accepted.data, accepted.headers["ETag"]) == (found.data, found.headers["ETag"])
    else:
        assert accepted.status_code == 404
    alt = unquote(found.headers["X-Alt-Text"])
    assert alt.startswith(PICTURES[path])
    assert len(found.headers["X-Alt-Text"]) < 3000
    if form == "vl.json":
        assert found.json["description"] == alt
    elif form == "svg":
        assert ElementTree.fromstring(found.data).get("aria-label") == alt  # noqa: S314
    else:
        assert struct.unpack(">I", found.data[16:20]) == (1440,)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/svg+xml;q=0.4, image/png;q=0.9", "image/png"),
        ("image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8", "image/svg+xml"),
        ("image/png;q=0, image/*", "image/svg+xml"),
        ("application/json, image/svg+xml", "application/json"),
        ("*/*", "application/json"),
        ("image/gif", None),
    ],
)
def test_accept_chooses_the_form_of_a_chart(client: FlaskClient, accept: str, kind: str | None) -> None:
    found = client.get("/v1/countries/DEU/forecast", headers={"Accept": accept})
    assert (found.status_code, found.mimetype) == ((200, kind) if kind else (406, "application/problem+json"))


def test_a_picture_is_drawn_once_and_not_sent_twice(app: Flask, client: FlaskClient) -> None:
    path = "/v1/countries/NOR/forecast.svg?width=500"
    first = client.get(path)
    kept = len(app.extensions[EXTENSION].answers)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(app.extensions[EXTENSION].answers) == kept
    assert first.headers["Cache-Control"].startswith("public, max-age=")
    assert {"Accept", "Accept-Encoding"} <= {part.strip() for part in first.headers["Vary"].split(",")}
    assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != first.headers["ETag"]
    assert (
        "Content-Encoding"
        not in client.get("/v1/countries/NOR/forecast.png?width=500", headers={"Accept-Encoding": "gzip"}).headers
    )


def test_the_look_changes_the_picture_and_its_tag(client: FlaskClient) -> None:
    queries = ("", "?theme=dark", "?width=320", "?component=total", "?overlay=stall")
    tags = [client.get(f"/v1/countries/DEU/forecast.svg{query}").headers["ETag"] for query in queries]
    assert len(set(tags)) == len(tags)
    plain = [client.get(f"/v1/countries/DEU/forecast{query}").data for query in ("", "?theme=dark&width=320")]
    assert plain[0] == plain[1]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/countries/DEU/forecast.svg?width=279", "width"),
        ("/v1/countries/DEU/forecast.svg?width=1601", "width"),
        ("/v1/countries/DEU/forecast.svg?width=wide", "width"),
        ("/v1/countries/DEU/forecast.svg?theme=pink", "theme"),
        ("/v1/countries/DEU/forecast.svg?component=all", "component"),
        ("/v1/countries/DEU/forecast.svg?ghost=stall", "ghost"),
        ("/v1/countries/DEU/forecast.svg?overlay=stall,trend,pledge,exemption", "overlay"),
        ("/v1/countries/DEU/forecast.svg?overlay=nonsense", "overlay"),
        ("/v1/countries/DEU/forecast.svg?overlay=01jd3k8v2xq4t6r9m0n5p7s8yb", "overlay"),
        ("/v1/countries/DEU/forecast.svg?quantiles=0.5", "quantiles"),
        ("/v1/countries/ISL/forecast.svg", "component"),
        ("/v1/countries/ISL/waterfall.svg?scenario=stall", "component"),
        ("/v1/countries/DEU/waterfall.svg?deadline=2020", "deadline"),
        ("/v1/countries/DEU/waterfall.svg?quantiles=0.5", "quantiles"),
        ("/v1/alliance/ranking.svg?measure=height", "measure"),
        ("/v1/alliance/count.svg?measure=share", "measure"),
        ("/v1/track-record/reliability.svg?scenario=stall", "scenario"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(client: FlaskClient, path: str, parameter: str) -> None:
    refused = client.get(path)
    assert (refused.status_code, refused.mimetype) == (422, "application/problem+json")
    assert [error["parameter"].split(".")[0] for error in refused.json["errors"]] == [parameter]


def tables(specification: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The rows that are drawn, layer by layer."""
    return [specification["datasets"][layer["data"]["name"]] for layer in specification["layer"]]


def test_a_fan_shows_the_numbers_of_the_json(client: FlaskClient) -> None:
    answer = client.get("/v1/countries/POL/forecast?deadline=2031").json
    history = client.get("/v1/countries/POL/history").json["components"][0]["observations"]
    rows = tables(client.get("/v1/countries/POL/forecast.vl.json?deadline=2031").json)
    fan = next(values for values in rows if "q50" in values[0])
    assert fan[0] == {"year": 2026} | dict.fromkeys(fan[0].keys() - {"year"}, history[-1]["share_pct"])
    for name, level in {"q2_5": "0.025", "q10": "0.1", "q50": "0.5", "q97_5": "0.975"}.items():
        assert [row[name] for row in fan[1:]] == answer["paths"]["core"]["quantiles"][level]
    assert [row["year"] for row in fan] == list(range(2026, 2032))
    shown = {row["year"]: row["share_pct"] for values in rows for row in values if "share_pct" in row}
    assert shown == {seen["year"]: seen["share_pct"] for seen in history if seen["year"] >= 2006}


def test_the_ranking_shows_the_numbers_of_the_json(client: FlaskClient) -> None:
    ranking = client.get("/v1/alliance/forecast").json["targets"][0]["ranking"]
    dots = tables(client.get("/v1/alliance/ranking.vl.json").json)[0]
    assert [dot["country"] for dot in dots] == [standing["country"]["name"] for standing in ranking]
    assert [dot["dot"] for dot in dots] == [100 * standing["at_deadline"] for standing in ranking]
    for standing in ranking[::8]:
        own = client.get(f"/v1/countries/{standing['country']['code']}/forecast").json
        assert standing["across_members"] == own["targets"][0]["probability"]["across_members"]
        core = own["paths"]["core"]["quantiles"]
        assert standing["share_pct"]["median"] == pytest.approx(core["0.5"][-1], abs=1e-3)
        assert standing["share_pct"]["interval_80"] == pytest.approx([core["0.1"][-1], core["0.9"][-1]], abs=1e-3)
        assert standing["by_year"][-1] == standing["at_deadline"]
        assert len(standing["by_year"]) == 9


@pytest.mark.parametrize("form", ["svg", "png", "vl.json"])
def test_an_inline_scenario_is_drawn_too(client: FlaskClient, form: str) -> None:
    body = {"country": "DEU", "scenario": INLINE}
    fan = client.post(
        "/v1/forecasts?theme=dark&width=320&ghost=baseline&overlay=stall", json=body, headers={"Accept": TYPES[form]}
    )
    waterfall = client.post(f"/v1/forecasts/waterfall.{form}", json=body)
    tornado = client.post(f"/v1/sensitivity.{form}", json=body)
    for found in (fan, waterfall, tornado):
        assert (found.status_code, found.mimetype) == (200, TYPES[form])
        assert "half way" in unquote(found.headers["X-Alt-Text"])
        assert found.headers["Cache-Control"] == "no-store"
        assert "ETag" not in found.headers
    assert "baseline is drawn behind" in unquote(fan.headers["X-Alt-Text"])


def test_ones_own_history_is_drawn(client: FlaskClient) -> None:
    history = {str(year): 1 + 0.1 * (year % 5) for year in range(1990, 2025)}
    found = client.post(
        "/v1/forecasts?overlay=trend",
        json={"history": history, "targets": {"core": 1.2, "deadline": 2030}},
        headers={"Accept": TYPES["vl.json"]},
    )
    assert found.status_code == 200
    shown = {row["year"] for values in tables(found.json) for row in values if "share_pct" in row}
    assert shown == set(range(2004, 2025))


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>&\"'",
        "]]>--><svg onload=alert(1)>",
        "x" * 100,
        "سيناريو طويل",
        "日本" * 50,
        "\U0001f642" * 100,
        '{"expr": "1+1"} ${datum.year}',
        "%41 %0d%0aSet-Cookie: a=b",
    ],
)
def test_a_name_is_text_whatever_it_holds(client: FlaskClient, name: str) -> None:
    body = {"country": "DEU", "scenario": INLINE | {"name": name}}
    for path in ("/v1/forecasts?width=280", "/v1/sensitivity?width=280"):
        found = client.post(path, json=body, headers={"Accept": "image/svg+xml"})
        assert found.status_code == 200, found.text
        root = ElementTree.fromstring(found.data)  # noqa: S314
        assert not [node for node in root.iter() if node.tag.endswith("script")]
        assert not [key for node in root.iter() for key in node.keys() if key.startswith("on")]  # noqa: SIM118
        assert len(found.headers["X-Alt-Text"]) < 3000
        assert set(found.headers["X-Alt-Text"]) <= set(map(chr, range(0x21, 0x7F)))


def test_a_saved_scenario_stays_its_owners(keeping: FlaskClient) -> None:
    mine, others = {"X-Test-Caller": "alice"}, {"X-Test-Caller": "bob"}
    kept = keeping.post("/v1/scenarios", json=INLINE, headers=mine).json["id"]
    paths = (
        f"/v1/countries/DEU/forecast.svg?scenario={kept}",
        f"/v1/countries/DEU/forecast.svg?overlay=stall,{kept}",
        f"/v1/countries/DEU/waterfall.svg?scenario={kept}",
        f"/v1/countries/DEU/sensitivity.svg?scenario={kept}",
        f"/v1/alliance/heatmap.svg?scenario={kept}",
    )
    for path in paths:
        found = keeping.get(path, headers=mine)
        assert (found.status_code, found.headers["Cache-Control"]) == (200, "private, no-cache"), path
        assert found.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert keeping.get(path, headers=others).status_code == 422, path
