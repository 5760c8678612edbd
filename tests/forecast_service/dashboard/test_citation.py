"""What a page says of its answer to people who cite it, and to search engines that list datasets (JSON-LD)."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.forecast_service.dashboard.conftest import Opening, shot
from tests.support.callers import SCENARIO

BREAKS_OUT = "</script><script>alert(1)</script> & “x” {{7*7}}"


def linked(page: str) -> dict[str, Any]:
    """The page's JSON-LD."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    read: dict[str, Any] = json.loads(found[0])
    return read


@pytest.mark.parametrize(
    ("page", "api", "kinds"),
    [
        ("/countries/LUX?scenario=stall&deadline=2031", "/v1/countries/LUX/forecast?scenario=stall&deadline=2031", 5),
        ("/?deadline=2028", "/v1/alliance/forecast?deadline=2028", 5),
    ],
)
def test_a_page_describes_its_answer_as_a_dataset(client: FlaskClient, page: str, api: str, kinds: int) -> None:
    answer, found = client.get(api).json, linked(client.get(page).text)
    assert (found["@context"], found["@type"]) == ("https://schema.org/", "Dataset")
    assert (found["identifier"], found["name"]) == (answer["id"], answer["cite"]["csl"]["title"])
    assert found["temporalCoverage"] == f"2027/{answer['deadline']}"
    assert found["url"] == f"http://localhost{page}"
    assert 50 <= len(found["description"]) <= 5000  # what search engines take
    assert len(found["variableMeasured"]) == kinds
    assert all(part["unitText"] for part in found["variableMeasured"])
    assert found["citation"].endswith(f"http://localhost{answer['cite']['address']}")
    assert client.get(urlsplit(found["license"]).path).status_code == 200
    for file in found["distribution"]:
        parts = urlsplit(file["contentUrl"])
        got = client.get(f"{parts.path}?{parts.query}")
        assert (got.status_code, got.mimetype) == (200, file["encodingFormat"])
    forms = {file["encodingFormat"] for file in found["distribution"]}
    assert forms == {"application/json", "text/csv", "application/vnd.apache.parquet"}


def test_own_assumptions_are_no_dataset_of_ours(client: FlaskClient) -> None:
    page = client.get("/countries/DEU?gdp=-1").text
    assert "ld+json" not in page
    assert "/v1/forecasts?question=" in page  # but they are cited


@pytest.mark.slow
def test_no_name_breaks_out_of_the_page(opened: Opening, site: str, open_app: Flask) -> None:
    made = open_app.test_client().post("/v1/scenarios", json=SCENARIO | {"name": BREAKS_OUT})
    page = opened(f"{site}/countries/DEU?scenario={quote(made.json['id'])}")
    page.on("dialog", lambda _: pytest.fail("the name of a scenario was executed"))
    found = json.loads(page.locator("script[type='application/ld+json']").inner_text())
    assert f"“{BREAKS_OUT}”" in found["name"]
    page.locator("details.cite summary").click()
    expect(page.locator("details.cite pre").first).to_contain_text(BREAKS_OUT)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/countries/DEU"])
def test_a_reader_on_a_phone_copies_the_citation_with_keys(opened: Opening, site: str, path: str) -> None:
    page = opened(f"{site}{path}", width=320)
    summary = page.locator("details.cite summary")
    summary.focus()
    page.keyboard.press("Enter")
    both = page.locator("details.cite pre")
    expect(both).to_have_count(2)
    expect(both.first).to_be_visible()
    assert f"{site}/v1/" in both.first.inner_text()
    assert both.last.inner_text().startswith("@misc{forecast-")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('details.cite') !== null")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    summary.scroll_into_view_if_needed()
    shot(page, f"cite-{'ally' if path != '/' else 'alliance'}")
