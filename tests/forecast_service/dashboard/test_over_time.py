"""How numbers moved between vintages, and past forecasts beside what came, as a reader without JavaScript sees them."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forecast_service.forecasting import vintage_change_task
from tests.forecast_service.dashboard.conftest import Opening, settled
from tests.forecast_service.dashboard.test_looks import violations
from tests.forecast_service.dashboard.test_pages import text_of


@pytest.fixture
def client(open_app: Flask) -> FlaskClient:
    return open_app.test_client()


def main_of(page: str) -> str:
    """What the reader reads of the page's own part."""
    return text_of(page.split("<main")[1].split("</main>")[0])


# ---- How these numbers moved -------------------------------------------------------------------------------------


def test_it_compares_the_current_vintage_with_the_one_before(client: FlaskClient) -> None:
    page = client.get("/over-time").text
    text = main_of(page)
    assert "Germany moved most: from 10 % by the figures of nato-2025 to 47 % by those of nato-2026." in text
    assert "Of 2 allies, 1 went up by a point or more and 1 went down." in text
    assert "Only core is compared." in text
    assert "Iceland is left out: Iceland has no armed forces" in text
    chosen = re.findall(r'<option value="([^"]+)" selected>', page)
    assert chosen == ["nato-2025", "nato-2026"]


def test_each_ally_has_a_line_with_its_parts_and_both_pages(client: FlaskClient) -> None:
    page = client.get("/over-time?a=nato-2025&b=nato-2026&theme=dark").text
    lines = [text_of(line) for line in re.findall(r'<p class="moved-line">.*?</p>', page, re.DOTALL)]
    assert [line.split("%")[0].strip() for line in lines] == ["Germany 10", "Belgium 30"], "largest change first"
    assert "10 % → 47 % +37 points plans +21, figures +16" in lines[0], "the largest part first, none of no point"
    assert "30 % → 26 % −4 points figures −4" in lines[1]
    for vintage in ("nato-2025", "nato-2026"):
        assert html.escape(f"/countries/DEU?vintage={vintage}&theme=dark") in page
    for part in ("Figures NATO revised", "Growth The outlook for GDP", "Plans Governments passed", "Model Newer"):
        assert part in text_of(page)


def test_the_bar_says_the_sign_and_the_size(client: FlaskClient) -> None:
    bars = re.findall(r'<rect class="bar-(up|down)" x="([^"]+)" width="([^"]+)"', client.get("/over-time").text)
    assert bars == [("up", "0.0", "100.0"), ("down", "-10.8", "10.8")]


def test_changed_figures_are_those_of_the_api(client: FlaskClient) -> None:
    figures = client.get("/v1/vintages/nato-2025/diff/nato-2026").json["figures"]
    page = client.get("/over-time").text
    of_germany = text_of(re.findall(r"<details><summary>Changed figures.*?</details>", page, re.DOTALL)[0])
    shares = [it for it in figures if it["code"] == "DEU" and it["table"] == "core_share"]
    (revised,) = (it for it in shares if it["year"] == 2024)
    before, after = (revised[side].replace("e", "") for side in ("before", "after"))
    assert f"2024: {before} % (estimate), now {after} %" in of_germany
    assert "2026: new, 2.69 % (estimate)" in of_germany
    listed = of_germany.count(": ")
    assert f"and {len([it for it in figures if it['code'] == 'DEU']) - listed} more" in of_germany


def test_what_is_still_being_computed_says_so(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(vintage_change_task, "start", lambda _settings, a, b: begun.append((a, b)))
    page = client.get("/over-time?a=nato-2019&b=nato-2026")
    assert (page.status_code, begun) == (200, [("nato-2019", "nato-2026")])
    text = main_of(page.text)
    assert "The service is computing why the numbers moved from nato-2019 to nato-2026." in text
    assert "ask again in 30 seconds" in text
    assert "/over-time?a=nato-2019&amp;b=nato-2026" in page.text
    assert "points" not in text


def test_the_same_vintage_twice_is_nothing_to_compute(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vintage_change_task, "start", lambda *_: pytest.fail("computed"))
    assert "You chose the same vintage twice" in main_of(client.get("/over-time?a=nato-2026&b=nato-2026").text)


def test_a_vintage_that_is_not_there_is_named(client: FlaskClient) -> None:
    for query in ("a=nato-1949", "b=nato-1949", "a=nato-1949&b=nato-1949"):
        page = client.get(f"/over-time?{query}", headers={"Accept": "text/html"})
        assert page.status_code == 404
        assert "No vintage has this name; there are nato-2019, nato-2025, nato-2026" in text_of(page.text)


def test_each_vintage_says_what_it_is_and_when_it_was_in_use(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = main_of(client.get("/over-time").text)
    assert "nato-2025 Its figures end in 2024. It ships with the service." in text
    assert "nato-2026 (in use) Its figures end in 2026." in text
    assert "Which was in use when" not in text
    switched = {"vintage": "nato-2026", "effective_at": "2026-11-20T09:30:00+00:00", "undoes": None}
    monkeypatch.setattr("forecast_service.dashboard.pages.over_time._switches", lambda: [switched])
    assert "Which was in use when 2026-11-20, 09:30 UTC: nato-2026" in main_of(client.get("/over-time").text)


# ---- The track record of an ally ---------------------------------------------------------------------------------


def table(page: str, number: int) -> list[list[str]]:
    body = re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)[number]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[text_of(cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def forecasts(client: FlaskClient, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/track-record/forecasts?{query}").json["items"]
    return found


def test_what_was_said_in_a_year_is_beside_what_came(client: FlaskClient) -> None:
    page = client.get("/track-record/DEU?origin=2015").text
    said = forecasts(client, "country=DEU&origin=2015")
    rows = table(page, 0)
    assert [row[:3] for row in rows] == [
        [str(it["year"]), f"{it['quantiles'][4]:.2f} %", f"{it['outcome_pct']:.2f} %"] for it in said[:-1]
    ] + [["2025", f"{said[-1]['quantiles'][4]:.2f} %", "2.22 % est."]]
    assert rows[-1][3:] == ["0.92 to 2.37 %", "0.72 to 3.06 %", "inside the 80 % range"]
    assert "It came to 2.22 %, inside the 80 % range." in main_of(page)
    assert "Nobody published them at the time." in main_of(page)
    assert 'href="/track-record/DEU?origin=2014"' in page
    assert 'href="/track-record/DEU?origin=2016"' in page
    assert page.count('<circle class="came"') == 10
    assert "target 2 %" in text_of(page)


@pytest.mark.parametrize(
    ("ally", "origin", "year", "where"),
    [
        ("POL", 2015, 2025, "above both ranges"),
        ("DEU", 2016, 2026, "inside the 95 % range only"),
        ("DEU", 2025, 2030, "not known yet"),
    ],
)
def test_where_it_lies_is_in_words(client: FlaskClient, ally: str, origin: int, year: int, where: str) -> None:
    page = client.get(f"/track-record/{ally}?origin={origin}").text
    (row,) = (row for row in table(page, 0) if row[0] == str(year))
    assert row[-1] == where
    (said,) = (it for it in forecasts(client, f"country={ally}&origin={origin}") if it["year"] == year)
    q, came = said["quantiles"], said["outcome_pct"]
    if came is None:
        assert where == "not known yet"
    else:
        assert (came > q[-1], q[0] <= came < q[2] or q[6] < came <= q[-1]) == (
            where.startswith("above"),
            where.endswith("only"),
        )


def test_all_years_at_one_distance(client: FlaskClient) -> None:
    page = client.get("/track-record/DEU?origin=2015&ahead=10").text
    rows = table(page, 1)
    assert [row[0] for row in rows] == [str(year) for year in range(1999, 2026)]
    assert all(int(row[1]) - int(row[0]) == 10 for row in rows)
    assert [row[-1] for row in rows].count("not known yet") == 9
    assert 'href="/track-record/DEU?origin=2003&amp;ahead=10"' in page, "a year keeps the distance"
    assert "All years, 5 years ahead" in client.get("/track-record/DEU?ahead=4").text, "another distance is the usual"


def test_the_usual_year_is_the_last_of_which_all_is_known(client: FlaskClient) -> None:
    page = client.get("/track-record/DEU").text
    assert "said in 2016, and what came" in text_of(page)
    assert "not known yet" not in {row[-1] for row in table(page, 0)}


def test_years_and_allies_without_forecasts_say_so(client: FlaskClient) -> None:
    assert "There are no past forecasts of Iceland, which has no armed forces" in main_of(
        client.get("/track-record/ISL").text
    )
    assert "No forecast of Montenegro was made from 1999. They start in 2012 and end in 2025." in main_of(
        client.get("/track-record/MNE?origin=1999").text
    )
    wrong = client.get("/track-record/DEU?origin=1900", headers={"Accept": "text/html"})
    assert wrong.status_code == 422
    assert "must be a year from 1999" in text_of(wrong.text)
    assert client.get("/track-record/XYZ", headers={"Accept": "text/html"}).status_code == 404


def test_the_picker_leads_to_the_ally_and_keeps_the_year(client: FlaskClient) -> None:
    found = client.get("/track-record?country=germany&origin=2015")
    assert (found.status_code, found.headers["Location"]) == (303, "/track-record/DEU?origin=2015")


# ---- The track record --------------------------------------------------------------------------------------------


def test_the_track_record_has_levels_and_the_views_of_others(client: FlaskClient) -> None:
    record = client.get("/v1/track-record").json
    page = client.get("/track-record").text
    text = main_of(page)
    low = next(it for it in record["by_level"] if it["scenario"] == "baseline" and it["share_from"] == 0)
    assert f"below 1.5 % {low['forecasts']} 9 % above {100 * low['coverage_80']:.0f} %" in text
    assert "3.5 to 4.5 % 33 10 % above 88 % 4 % none" in text, "what happened may be none, unlike a probability"
    for view in record["outside_views"]:
        assert view["who"] in text
        assert html.escape(view["source"]) in page
    scored = [view for view in record["outside_views"] if view["outcome_pct"] is not None]
    nearer = ["theirs" if abs(view["log_error"]) < abs(view["our_log_error"]) else "ours" for view in scored]
    assert re.findall(r"<td>(theirs|ours)</td>", page) == nearer != []
    assert not re.search(r"\b(CRPS|skill|clairvoyant)\b", text)


def test_each_view_reads_well_and_axe_finds_nothing_when_all_is_open(opened: Opening, site: str) -> None:
    """One ally is chosen, and a changed figure opened, where the box of the figures lies over the links."""
    page = opened(f"{site}/over-time", width=1280)
    page.locator(".moved summary").first.click()
    assert page.get_by_text("2026: new, 2.69 % (estimate)").is_visible()
    assert violations(page) == []
    page.locator(".moved-numbers a").nth(1).click()
    page.wait_for_url("**/countries/DEU?vintage=nato-2026")
    page.goto(f"{site}/track-record")
    page.get_by_label("Ally", exact=True).select_option("POL")
    page.get_by_role("button", name="Show year by year").click()
    page.wait_for_url("**/track-record/POL")
    page.get_by_label("Said in", exact=True).select_option("2015")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/track-record/POL?origin=2015")
    settled(page)
    assert page.get_by_text("above both ranges").first.is_visible()
    # The place that the reader has come to stays.
    assert page.evaluate("document.activeElement.textContent") == "Show"
