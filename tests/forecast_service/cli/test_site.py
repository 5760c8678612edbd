"""``forecast-service site``: the page as files, whose every link leads to a file."""

from __future__ import annotations

import html
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from forecast_service.cli import site_addresses, site_crawl
from forecast_service.cli.main import main
from forecast_service.cli.output_folder import marker
from forecast_service.cli.site_addresses import Scope, file_of, normal
from forecast_service.cli.site_html import ORIGIN, Rewriter
from tests.support.service import environment

SCOPE = Scope(frozenset({"baseline", "stall"}), frozenset({"DEU", "ISL"}))
SMALL = ("--country", "DEU", "--country", "ISL", "--scenario", "stall", "--processes", "2")
AT = "https://example.org/nato/"


def write(state_dir: Path, folder: Path, *more: str) -> Result:
    return CliRunner(env=environment(state_dir)).invoke(main, ["site", str(folder), *SMALL, *more])


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("/", "index.html"),
        ("/?scenario=stall&component=total", "stall/total/index.html"),
        ("/countries/DEU?scenario=baseline", "countries/DEU/index.html"),
        ("/countries/DEU?component=core&scenario=stall", "countries/DEU/stall/index.html"),
        ("/countries/DEU/sensitivity", "countries/DEU/sensitivity/index.html"),
        ("/v1/countries/DEU/forecast", "v1/countries/DEU/forecast.json"),
        ("/v1/countries/DEU/forecast?scenario=stall", "v1/countries/DEU/forecast-stall.json"),
        ("/v1/countries/DEU/forecast.csv?scenario=stall", "v1/countries/DEU/forecast-stall.csv"),
        ("/v1/countries/DEU/forecast.vl.json?component=total", "v1/countries/DEU/forecast-total.vl.json"),
        ("/v1/alliance/ranking.svg?width=760&theme=dark", "v1/alliance/ranking-dark-760.svg"),
        ("/openapi.json", "openapi.json"),
        ("/assets/0123456789ab/page.css", "assets/0123456789ab/page.css"),
    ],
)
def test_each_address_has_a_file(address: str, file: str) -> None:
    assert SCOPE.holds(address)
    assert file_of(normal(address)) == file


@pytest.mark.parametrize(
    "address",
    [
        "/countries/FRA",
        "/v1/countries/FRA/forecast.csv",
        "/countries/DEU?scenario=trend",
        "/countries/DEU?cap=3",
        "/?sort=name",
        "/countries/DEU?theme=dark",
        "/countries/DEU/own.svg?cap=3",
        "/countries/DEU/own-card.png",
        "/countries/DEU/sensitivity?scenario=stall",
        "/compare?a=DEU&b=ISL",
        "/docs",
        "/v1/scenarios",
        "/v1/countries/DEU/forecast?deadline=2030",
        "/v1/countries/DEU/forecast.png?scenario=stall",
        "https://www.nato.int/",
    ],
)
def test_what_needs_a_server_or_was_not_asked_for_has_none(address: str) -> None:
    assert not SCOPE.holds(address)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="/countries/ISL#h">I &amp; J</a>', '<a href="../ISL/index.html#h" data-leave>I &amp; J</a>'),
        ('<a href="/?sort=name">s</a>', "<a data-leave>s</a>"),
        ('<a class="button" href="/countries/DEU/own.csv?cap=3" download>CSV</a>.', "."),
        ('<p>1<form action="/"><input name="a"></form>2</p>', "<p>12</p>"),
        ('<svg viewBox="0 0 1 1"><path d="M0"/></svg>', '<svg viewBox="0 0 1 1"><path d="M0"/></svg>'),
        (
            '<img src="/v1/alliance/ranking.svg?theme=light&amp;width=760" alt="a &#34;b&#34;">',
            '<img src="../../v1/alliance/ranking-light-760.svg" alt="a &quot;b&quot;">',
        ),
        (
            f"curl '{ORIGIN}/v1/countries/DEU/forecast?scenario=stall'",
            f"curl '{AT}v1/countries/DEU/forecast-stall.json'",
        ),
        (f'<meta content="{ORIGIN}/countries/DEU">', f'<meta content="{AT}countries/DEU/index.html">'),
        ('<a href="https://www.nato.int/">N</a>', '<a href="https://www.nato.int/">N</a>'),
    ],
)
def test_links_become_relative_and_what_needs_a_server_goes(before: str, after: str) -> None:
    assert Rewriter(SCOPE, "countries/DEU/index.html", AT).page(before) == after


@pytest.fixture(scope="module")
def site(state_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "public"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_addresses, "COMPONENTS", ("core",))  # the others are drawn alike
        done = write(state_dir, folder)
    assert done.exit_code == 0, done.output
    assert re.fullmatch(rf"\d+ files \(\d+ pages\), \d+ MB, in {re.escape(str(folder))}\n", done.output)
    return folder


def test_every_link_leads_to_a_file(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) >= 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert ORIGIN not in text
        assert "<form" not in text
        for address in re.findall(r'(?:href|src|srcset|data-(?:light|dark)-[a-z]+)="([^"#]+)[^"]*"', text):
            if not address.startswith(("https:", "http:", "data:")):
                assert not address.startswith("/"), (page, address)
                assert (page.parent / unquote(html.unescape(address))).is_file(), (page, address)


def test_the_figures_are_those_of_the_service(site: Path) -> None:
    for name in ("forecast.json", "forecast.csv", "forecast-stall.json", "forecast-stall.csv", "history.csv"):
        assert (site / "v1" / "countries" / "DEU" / name).stat().st_size > 1000
    assert '"scenario":{"name":"stall"' in (site / "v1/countries/DEU/forecast-stall.json").read_text()
    assert not (site / "countries" / "FRA").exists()
    assert (site / "countries" / "ISL" / "stall" / "index.html").exists()


PAGES = {"/": '<a href="/countries/DEU?component=total">Germany</a>', "/countries": "<p>all</p>"}


def small(**more: str) -> Flask:
    """An application of a few pages; others are not found."""
    app, pages = Flask("small"), PAGES | {address.replace("_", "/"): text for address, text in more.items()}

    @app.get("/<path:path>")
    @app.get("/", defaults={"path": ""})
    def page(path: str) -> tuple[str, int]:
        found = pages.get(f"/{path}")
        return ("", 404) if found is None else (found, 200)

    return app


def test_a_broken_link_is_named_with_the_page_that_has_it(tmp_path: Path) -> None:
    written = site_crawl.crawl(small(), Scope(frozenset({"baseline"}), frozenset()), tmp_path, AT, 2, lambda *_: None)
    assert written.broken == {}, "not asked for, so the link is left out"
    scope = Scope(frozenset({"baseline"}), frozenset({"DEU"}))
    written = site_crawl.crawl(small(), scope, tmp_path, AT, 2, lambda *_: None)
    assert written.broken["/countries/DEU?component=total"] == "404, linked from /"
    assert written.broken["/countries/DEU"] == "404, linked from the list"
    assert sorted(written.files) == ["countries/index.html", "index.html"]


@pytest.fixture
def crawled(monkeypatch: pytest.MonkeyPatch) -> site_crawl.Written:
    """What the command's crawl finds, which writes one page."""
    written = site_crawl.Written({"index.html": "/"}, 1, 10)

    def crawl(_app: Flask, _scope: Scope, folder: Path, *_: object) -> site_crawl.Written:
        (folder / "index.html").write_text("new")
        return written

    monkeypatch.setattr(site_crawl, "crawl", crawl)
    return written


def test_a_folder_of_others_is_refused_and_its_own_replaced(
    crawled: site_crawl.Written, state_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("mine")
    refused = write(state_dir, tmp_path / "theirs")
    assert refused.exit_code == 1
    assert "is not empty, and this command did not make it" in refused.output
    assert [file.name for file in (tmp_path / "theirs").iterdir()] == ["thesis.txt"]
    folder = tmp_path / "ours" / "public"
    assert write(state_dir, folder).exit_code == 0
    (folder / "old.html").write_text("of the last time")
    assert write(state_dir, folder).exit_code == 0
    assert sorted(file.name for file in folder.iterdir()) == [marker("site"), "index.html"]
    assert [file.name for file in folder.parent.iterdir()] == ["public"], "nothing is left beside it"


def test_a_broken_link_ends_the_command_and_leaves_the_site_as_it_was(
    crawled: site_crawl.Written, state_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "public"
    assert write(state_dir, folder).exit_code == 0
    (folder / "still.txt").write_text("here")
    crawled.broken["/sources"] = "500, linked from /"
    done = write(state_dir, folder)
    assert done.exit_code == 1
    assert "1 links are broken" in done.output
    assert "/sources: 500, linked from /" in done.output
    assert (folder / "still.txt").exists()
    assert [file.name for file in tmp_path.iterdir()] == ["public"]


@pytest.mark.parametrize("wrong", [("--country", "XYZ"), ("--scenario", "nothing")])
def test_an_unknown_name_is_wrong_usage(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = CliRunner().invoke(main, ["site", str(tmp_path / "new"), *wrong])
    assert done.exit_code == 2
    assert "is not one of" in done.output
