"""``forecast-service data``: from a publisher's file to a vintage, and plans edited."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from forecast_service.cli.context import vintage_store
from forecast_service.cli.main import main
from forecast_service.settings import Settings
from forecast_service.settings.database import database_url
from forecast_service.store import refreshes
from forecast_service.store.database import Database
from models.dataset.tables import BUNDLED
from models.dataset.vintages import VintageStore
from tests.models.dataset.publishers import by_ally, nato_book, saved, sipri_book, weo_book, weo_csv, weo_rows, weo_text
from tests.models.dataset.test_vintages import draft


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def run(state):
    def ask(*arguments, **environment):
        env = {"FORECAST_STATE_DIR": str(state)} | environment
        return CliRunner(env=env).invoke(main, ["data", *map(str, arguments)])

    return ask


def vintages_of(state):
    """What the commands have saved."""
    with vintage_store(Settings(state_dir=state)) as vintages:
        vintages.refresh()
        for name in vintages.names():
            vintages.figures(name)
        return vintages


def newer(**changes):
    """NATO's next edition: the bundled figures a year on, some of them revised."""
    share = {
        code: values | {2027: round(values[2026] * 1.05, 2)}
        for code, values in by_ally("core_share", "share_pct").items()
    }
    amount = {c: values | {2027: values[2026] * 1.06} for c, values in by_ally("core_amount", "amount").items()}
    for place, value in changes.items():
        share[place[:3]][int(place[4:])] = value
    return saved(nato_book(share=share, amount=amount, years=range(2014, 2028), estimates_from=2026))


def with_cell(cell, value):
    """NATO's workbook with another value in a cell of the table of shares."""
    book = nato_book()
    book["Table 3"][cell] = value
    return saved(book)


def contents(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def test_a_vintage_is_shown_and_kept_beside_the_older_ones(run, state, tmp_path):
    file = tmp_path / "tables.xlsx"
    file.write_bytes(newer(DEU_2025=2.22))
    old = f"{by_ally('core_share', 'share_pct')['DEU'][2025]:.2f}"
    shown = run("import", file, "--source", "nato", "--dry-run", "--all")
    assert shown.exit_code == 0, shown.output
    assert f"Germany 2025: {old}e -> 2.22\n" in shown.output
    assert "Germany 2027: none -> " in shown.output
    assert "Poland 2024" not in shown.output.split("core_amount")[0]
    assert not state.exists()

    kept = run("import", file, "--source", "nato")
    assert kept.exit_code == 0, kept.output
    assert "saved as nato-2027" in kept.output
    assert "more (--all)" in kept.output
    manifest = vintages_of(state).manifest("nato-2027")
    assert manifest.base == "nato-2026"
    assert [s.source for s in manifest.sources if s.publisher == "NATO"] == ["nato_2027"]

    listed = run("vintages").output.splitlines()
    assert [line.split()[0] for line in listed] == ["nato-2019", "nato-2025", "nato-2026", "nato-2027"]
    assert f"Germany 2025: {old}e -> 2.22\n" in run("diff", "nato-2026", "nato-2027", "--all").output
    again = run("import", file, "--source", "nato")
    assert again.exit_code == 0
    assert "nothing in it differs from nato-2027" in again.output
    file.write_bytes(newer(DEU_2025=2.25))
    taken = run("import", file, "--source", "nato", "--vintage", "nato-2027")
    assert taken.exit_code == 1
    assert "nato-2027 is there already" in taken.output
    assert run("import", file, "--source", "nato").exit_code == 0
    assert vintages_of(state).names()[-1].startswith("nato-2027-20")


def test_imports_stack_up(run, state, tmp_path):
    outlook, history = tmp_path / "WEOApr2026all.xls", tmp_path / "sipri.xlsx"
    outlook.write_bytes(weo_text(edition="April 2026").replace("\t4.046\t", "\t4.146\t", 1).encode("utf-16"))
    share = by_ally("core_share_history", "share_pct", "sipri_2025")
    share["DEU"][1990] *= 1.2
    history.write_bytes(saved(sipri_book(share)))
    assert run("import", outlook, "--source", "weo").exit_code == 0
    assert run("import", history, "--source", "sipri", "--vintage", "both-2026").exit_code == 0
    manifest = vintages_of(state).manifest("both-2026")
    assert manifest.base == "nato-2026-weo-2026-04"
    assert manifest.uses.outlook == "weo_2026_04"
    changed = run("diff", "nato-2026", "both-2026", "--all").output
    assert "Albania 2024: 4.05 % -> 4.15 %" in changed
    assert "Germany 1990: " in changed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: newer(DEU_2025=9.9), r"error: sheet Table 3, cell O\d+: Germany 2025 is 9.90, nato-2026 has"),
        (lambda: b"<html>", "tables.xlsx: is no workbook"),
        (
            lambda: with_cell("D6", "2,050"),
            r"Error: sheet Table 3, cell D6: '2,050' may be 2.050 or 2050: write it as one",
        ),
        (lambda: with_cell("C6", "Bohemia"), r"Error: sheet Table 3, cell C6: 'Bohemia' is no country that I know\n"),
    ],
)
def test_a_bad_file_changes_nothing(run, state, tmp_path, content, message):
    file = tmp_path / "tables.xlsx"
    file.write_bytes(newer())
    assert run("import", file, "--source", "nato").exit_code == 0
    before = contents(state)
    file.write_bytes(content())
    refused = run("import", file, "--source", "nato", "--base", "nato-2026", "--vintage", "bad-2027")
    assert refused.exit_code == 1
    assert re.search(message, refused.output), refused.output
    assert contents(state) == before


def test_what_does_not_differ_makes_no_vintage(run, state, tmp_path):
    file = tmp_path / "tables.xlsx"
    file.write_bytes(saved(nato_book()))
    same = run("import", file, "--source", "nato")
    assert same.exit_code == 0
    assert "nothing in it differs from nato-2026" in same.output
    assert not (state / "vintages").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "/nowhere.xlsx", "--source", "nato"), "/nowhere.xlsx: No such file"),
        (("import", "x", "--source", "oecd"), "Invalid value for '--source'"),
        (("diff", "nato-2026", "nato-1999"), "there is no vintage nato-1999"),
        (("import", "https://www.nato.int/x.xlsx", "--source", "nato"), "downloads are off"),
        (("refresh",), "FORECAST_REFRESH names nothing"),
    ],
)
def test_what_cannot_be_done_is_said(run, arguments, message):
    refused = run(*arguments)
    assert refused.exit_code != 0
    assert message in refused.output


class Server(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        tag = f'"{len(body)}"'
        same = self.headers.get("If-None-Match") == tag
        self.send_response(304 if same else 200)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", "0" if same else str(len(body)))
        self.end_headers()
        self.server.sent.append(0 if same else len(body))
        if not same:
            self.wfile.write(body)


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    made.files, made.sent = {}, []
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def test_a_schedule_fetches_what_is_new(run, state, server):
    host = f"127.0.0.1:{server.server_address[1]}"
    environment = {
        "FORECAST_DOWNLOAD_HOSTS": host,
        "FORECAST_REFRESH": f"nato=http://{host}/nato.xlsx weo=http://{host}/weo.xls",
    }
    server.files["/nato.xlsx"] = newer()
    first = run("refresh", **environment)
    assert first.exit_code == 1  # the Outlook is missing; NATO's tables came in all the same
    assert "127.0.0.1 answers 404" in first.output
    assert "saved as nato-2027" in first.output
    server.files["/weo.xls"] = weo_text(edition="October 2026").encode("utf-16")
    second = run("refresh", **environment)
    assert second.exit_code == 0, second.output
    assert "the file is the one that was imported last" in second.output
    assert "saved as nato-2027-weo-2026-10" in second.output
    assert server.sent == [len(server.files["/nato.xlsx"]), 0, len(server.files["/weo.xls"])]
    database = Database(database_url(Settings(state_dir=state)))
    with database.reading() as session:
        assert [(row.source, row.failed_at) for row in refreshes.read(session)] == [("nato", None), ("weo", None)]
    database.close()
    before = run("vintages").output
    third = run("refresh", **environment)
    assert third.exit_code == 0
    assert third.output.count("the file is the one that was imported last") == 2
    server.files["/nato.xlsx"] = newer(DEU_2025=9.9) + bytes(7)  # another length, so another tag
    assert run("refresh", **environment).exit_code == 1
    assert run("vintages").output == before


def test_an_outlook_takes_its_edition_from_its_name_and_says_how_to_give_it(run, state, server, tmp_path):
    rows = [row | {"PUBLICATION_DATE": None} for row in weo_rows()]
    rows[0]["2024"] *= 1.01
    data = saved(weo_book(rows, edition="The"))
    unnamed, named = tmp_path / "outlook.xlsx", tmp_path / "WEOApr2026all.xlsx"
    for file in (unnamed, named):
        file.write_bytes(data)
    refused = run("import", unnamed, "--source", "weo")
    assert refused.exit_code == 1
    assert "outlook.xlsx: nothing in it names its edition" in refused.output
    assert "call the file as the IMF does, such as WEOApr2026all.xlsx" in refused.output
    host = f"127.0.0.1:{server.server_address[1]}"
    server.files["/outlook.xlsx"], server.files["/WEOApr2026all.xlsx"] = data, data
    rows[0]["2030"] = "2,050"
    server.files["/weo.csv"] = weo_csv(rows)
    fetched = f"weo=http://{host}/outlook.xlsx weo=http://{host}/weo.csv weo=http://{host}/WEOApr2026all.xlsx"
    done = run("refresh", FORECAST_DOWNLOAD_HOSTS=host, FORECAST_REFRESH=fetched)
    assert done.exit_code == 1
    assert "error: outlook.xlsx: nothing in it names its edition" in done.output
    assert "error: line 2, column 2030: '2,050' may be 2.050 or 2050: write it as one of these\n" in done.output
    assert "saved as nato-2026-weo-2026-04" in done.output
    assert vintages_of(state).names()[-1] == "nato-2026-weo-2026-04"
    assert "nothing in it differs" in run("import", named, "--source", "weo").output


def test_a_url_is_imported_with_its_checksum(run, server):
    host = f"127.0.0.1:{server.server_address[1]}"
    server.files["/nato.xlsx"] = newer()
    url = f"http://{host}/nato.xlsx"
    wrong = run("import", url, "--source", "nato", "--sha256", "0" * 64, FORECAST_DOWNLOAD_HOSTS=host)
    assert wrong.exit_code == 1
    assert "SHA-256" in wrong.output
    assert run("import", url, "--source", "nato", FORECAST_DOWNLOAD_HOSTS=host).exit_code == 0
    assert "--again" in run("import", url, "--source", "nato", FORECAST_DOWNLOAD_HOSTS=host).output


PLAN = (
    "pledges", "add", "--country", "belgium", "--target", "3.0", "--year", "2032", "--stance", "law",
    "--stated-on", "2026-10-01", "--summary", "The law says so.", "--title", "A law", "--publisher", "Belgium",
)  # fmt: skip


@pytest.mark.slow
def test_a_plan_is_added_and_counts_in_its_own_vintage_only(run, state):
    before = run("pledges", "list", "--country", "BEL").output
    added = run(*PLAN)
    assert added.exit_code == 0, added.output
    assert "Belgium 2032: none -> core 3 (law, 2026-10-01)" in added.output
    vintages = vintages_of(state)
    name = vintages.names()[-1]
    assert name == "nato-2026-plans"
    from models.dataset.countries import resolve

    assert resolve("BEL", vintages.tables(name)).own_plans[2032] == 3.0
    assert 2032 not in resolve("BEL").own_plans
    assert run("pledges", "list", "--country", "BEL").output.count("\n") == before.count("\n") + 1
    row = vintages.tables(name).read("pledges")[-1]
    assert next(s for s in vintages.tables(name).read("sources") if s["source"] == row["source"])["title"] == "A law"
    number = run("pledges", "list", "--country", "BEL").output.splitlines()[-1].split(":")[0]
    removed = run("pledges", "remove", number)
    assert removed.exit_code == 0, removed.output
    vintages = vintages_of(state)
    assert vintages.tables(vintages.names()[-1]).read("pledges") == BUNDLED.read("pledges")


@pytest.mark.slow
def test_a_plan_is_added_with_its_status(run, state):
    added = run(*PLAN, "--status", "withdrawn")
    assert added.exit_code == 0, added.output
    assert "Belgium 2032: none -> core 3 (law, 2026-10-01; withdrawn, 2026-10-01)" in added.output
    assert "(law, 2026-10-01; withdrawn, 2026-10-01)" in run("pledges", "list", "--country", "BEL").output
    row = vintages_of(state).tables("nato-2026-plans").read("pledges")[-1]
    assert (row["status"], row["status_source"]) == ("withdrawn", row["source"])


def test_the_table_of_plans_goes_out_and_comes_back(run, state, tmp_path):
    file = tmp_path / "plans.csv"
    file.write_text(run("pledges", "list", "--csv").output)
    same = run("pledges", "import", file)
    assert "nothing in it differs" in same.output
    file.write_text(file.read_text().replace("BEL,core,2.0,2033", "BEL,core,2.4,2033", 1))
    changed = run("pledges", "import", file)
    assert changed.exit_code == 0, changed.output
    assert vintages_of(state).manifest("nato-2026-plans").base == "nato-2026"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--country": "Germny"}, "no ally goes by 'Germny'; did you mean Germany (DEU)?"),
        ({"--target": "7"}, "is not in the range"),
        ({"--target": "nan"}, "BEL aims at nan"),
        ({"--target": "2,5"}, "is not a valid"),
        ({"--year": "1999"}, "is not in the range"),
        ({"--stance": "hopes"}, "is not one of"),
        ({"--status": "hoped"}, "is not one of"),
        ({"--stated-on": "yesterday"}, "does not match the format"),
        ({"--stated-on": "2999-01-01"}, "is in the future"),
        ({"--summary": " "}, "or no summary"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(run, state, change, message):
    arguments = [*PLAN, "--status", "law"]
    for option, value in change.items():
        arguments[arguments.index(option) + 1] = value
    refused = run(*arguments)
    assert refused.exit_code != 0
    assert message in refused.output
    assert not (state / "vintages").exists()


def test_an_upgrade_puts_the_vintages_of_an_earlier_release_into_the_database(run, state, tmp_path):
    VintageStore(state / "vintages").add(draft(DEU_2026="2.99"))
    shared = {"FORECAST_DATABASE_URL": f"sqlite:///{tmp_path}/shared.sqlite", "FORECAST_STATE_DIR": str(state)}
    for says in (
        "vintage nato-2027 was put into the database\nthe database is up to date\n",
        "the database is up to date\n",
    ):
        assert CliRunner(env=shared).invoke(main, ["db", "upgrade"]).stdout == says
    elsewhere = run("vintages", **shared | {"FORECAST_STATE_DIR": str(tmp_path / "elsewhere")})
    assert [line.split()[0] for line in elsewhere.output.splitlines()][-1] == "nato-2027"
