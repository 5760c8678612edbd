"""Make a draft vintage from a file: overlay it on a base, check it, and name it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from models.dataset.countries import with_status
from models.dataset.currencies import members_with
from models.dataset.diff import Change, difference
from models.dataset.import_checks import findings
from models.dataset.importers import BadFile, Content, Parsed, read
from models.dataset.observations import edition_year
from models.dataset.tables import BUNDLED, Row, Tables, Uses
from models.dataset.vintages import Draft, VintageStore


@dataclass(frozen=True)
class Prepared:
    """A file that was read and checked.

    Attributes
    ----------
    draft : what :meth:`models.dataset.vintages.VintageStore.add` takes, unless it is refused.
    changes : figure by figure, what differs from the base; none if it is refused.
    """

    draft: Draft
    changes: tuple[Change, ...]

    @property
    def refused(self) -> bool:
        """Whether the checks found errors."""
        return any(finding.severity == "error" for finding in self.draft.findings)

    @property
    def holds_nothing_new(self) -> bool:
        """Whether all figures are the base's own."""
        return not self.changes and not self.refused


def prepare(vintages: VintageStore, source: str, content: Content, base: str, name: str | None = None) -> Prepared:
    """Read a file, overlay it on vintage ``base`` and check it; nothing is saved.

    Parameters
    ----------
    source : one of :data:`models.dataset.importers.READERS`.
    name : of the vintage; made from its source and edition if None.

    Raises
    ------
    BadFile
    UnknownVintage, DamagedVintage (its base)
    """
    return prepared(vintages, read(source, content), base, name)


def prepared(vintages: VintageStore, parsed: Parsed, base: str, name: str | None = None) -> Prepared:
    """:func:`prepare` for a file that was read already."""
    draft = draft_of(vintages, parsed, base, name)
    found = Prepared(draft, ())
    return (
        found if found.refused else replace(found, changes=difference(vintages.figures(base), vintages.preview(draft)))
    )


def free_name(name: str, taken: Iterable[str]) -> str:
    """``name``, with the day and a number after it if it is taken."""
    known, day = set(taken), datetime.now(UTC).strftime("%Y%m%d")
    candidates = (name, f"{name}-{day}", *(f"{name}-{day}-{n}" for n in range(2, 1000)))
    return next(candidate for candidate in candidates if candidate not in known)


def draft_of(vintages: VintageStore, parsed: Parsed, base: str, name: str | None = None) -> Draft:
    """The draft of ``parsed`` over vintage ``base``, with the findings of the checks.

    Parameters
    ----------
    name : of the vintage; made from its source and edition if None.

    Raises
    ------
    BadFile
        if it needs a name, or a year in its name.
    UnknownVintage, DamagedVintage (its base)
    """
    before = vintages.tables(base)
    uses = vintages.manifest(base).uses
    name = name or free_name(_name(parsed, uses), vintages.names())
    source = _source(parsed, name)
    if "core_share" in parsed.rows and edition_year(source) is None:
        # How far an estimate may still be revised depends on the edition's year.
        raise BadFile("vintage", f"{name!r} has no year in it: core shares are of an edition, such as own-2027")
    uses = _uses(parsed, uses, source)
    changed = {table: _new_table(parsed, before, table, source, uses) for table in parsed.rows}
    if "core_share" in changed:
        changed["share_vintages"] = _older_shares(before)
    about = {
        "source": source,
        "title": parsed.title,
        "publisher": parsed.publisher,
        "date": parsed.date,
        "public_address": parsed.address,
        "terms": parsed.terms,
        "confidence": "high: read from the publisher's file" if parsed.kind != "csv" else "as the operator's",
    }
    if any(row["source"] == source for rows in changed.values() for row in rows):
        changed["sources"] = (*(r for r in before.read("sources") if r["source"] != source), about)
    draft = Draft(name, base, changed, uses)
    if "gdp" in changed and parsed.kind != "nato":  # NATO's has real growth alone
        members = members_with(before, vintages.overlay(draft))
        if members != before.read("members"):
            draft = replace(draft, changed=changed | {"members": members})
    return replace(draft, findings=tuple(findings(parsed, vintages.figures(base), vintages.overlay(draft))))


def _name(parsed: Parsed, uses: Uses) -> str:
    if not parsed.edition:
        raise BadFile("file", "nothing in it names an edition: give the vintage a name (--vintage)")
    if parsed.kind == "nato":
        return f"nato-{parsed.edition}"
    return f"{uses.core.replace('_', '-')}-{parsed.kind}-{parsed.edition.replace('_', '-')}"


def _source(parsed: Parsed, name: str) -> str:
    # Shares have the vintage's own name as source, so that a corrected edition does not replace the first.
    if parsed.kind in ("nato", "csv"):
        return name.replace("-", "_")
    return f"{parsed.kind}_{parsed.edition}"


def _uses(parsed: Parsed, uses: Uses, source: str) -> Uses:
    tables = parsed.rows.keys()
    if "core_share" in tables:
        uses = replace(uses, core=source)
    if "core_share_history" in tables:
        uses = replace(uses, history=source)
    if "gdp" in tables and parsed.kind == "nato":
        year = int(parsed.edition)
        # NATO's tables come out in June to August; an Outlook of that October is the newer of the two.
        if _published(uses.outlook) < f"{year}_07":
            uses = replace(uses, growth=source, growth_from=year)
    elif "gdp" in tables:
        known = [int(row["year"]) for row in parsed.rows["gdp"] if row["kind"] == "actual"]
        actual = parsed.uses.get("outlook_actual", max(known, default=0))
        uses = replace(
            uses, outlook=source, outlook_actual=actual, outlook_from=parsed.uses.get("outlook_from", actual + 1)
        )
        if f"{uses.growth_from}_07" < _published(source) or parsed.kind == "csv":
            uses = replace(uses, growth="", growth_from=uses.outlook_from)
    return uses


def _published(outlook: str) -> str:
    """Year and month of an Outlook, such as ``2025_10``; empty, and so the earliest, if it names none."""
    return outlook.removeprefix("weo_") if outlook.startswith("weo_") else ""


def _new_table(parsed: Parsed, before: Tables, table: str, source: str, uses: Uses) -> tuple[Row, ...]:
    """The new table: the new rows, and the old rows that they do not replace."""
    own = uses.core if table in ("core_amount", "equipment_share") else source
    new = [row | {"source": row.get("source") or own} for row in parsed.rows[table]]
    old: list[Row] = []
    if table == "core_share_history":
        old = [row for row in before.read(table) if row["source"] != source]
    if table == "gdp":
        gone = {source} if parsed.kind == "nato" else {source, before.uses.outlook}
        old = [row for row in before.read(table) if row["source"] not in gone]
    if table == "pledges":
        new = [with_status(row) for row in new]
    # The columns are this release's: a base of an earlier one may have fewer.
    columns = list(BUNDLED.read(table)[0])
    return tuple({column: row[column] for column in columns} for row in (*old, *new))


def _older_shares(before: Tables) -> tuple[Row, ...]:
    """The shares of all editions so far, also of the newest, to learn revisions from."""
    older = before.read("share_vintages")
    known = {(row["iso3"], row["year"], row["source"]) for row in older}
    newest = (r for r in before.read("core_share") if (r["iso3"], r["year"], r["source"]) not in known)
    return (*older, *newest)
