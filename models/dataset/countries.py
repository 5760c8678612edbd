"""The allies, their pledges and their stances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from models.dataset import country_names
from models.dataset.tables import BUNDLED, Row, Tables, number

Component = Literal["core", "related", "total"]
Stance = Literal["law", "plan", "pledged", "reluctant", "claims-exemption"]
Status = Literal["announced", "plan", "budget", "law", "delivered", "missed", "withdrawn", "refused"]
COMPONENTS: tuple[Component, ...] = get_args(Component)
STANCES: tuple[Stance, ...] = get_args(Stance)
STATUSES: tuple[Status, ...] = get_args(Status)
RESOLVED: tuple[Status, ...] = ("delivered", "missed")
"""The statuses that a published figure decides."""

STATUS_OF_STANCE: Mapping[str, Status] = {
    "law": "law",
    "plan": "plan",
    "pledged": "announced",
    "reluctant": "refused",
    "claims-exemption": "refused",
}
"""The status of a pledge whose table states none, as the tables before the column had it."""

COMMON_COMMITMENT = "hague_2025"
"""The source of the Hague commitment in the pledges table; all allies share it."""

# An ally's stance is the first of these among its rows: an exemption or reluctance outweighs a plan.
_STANCE_ORDER: tuple[Stance, ...] = ("claims-exemption", "reluctant", "law", "plan", "pledged")


class UnknownCountry(LookupError):
    """No ally, or more than one, has this code or name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    @property
    def reason(self) -> str:
        """What is wrong."""
        if self._outsider:
            return f"{country_names.title(min(country_names.codes_of(self.name)))} is no member of NATO"
        return f"no ally goes by {self.name[: country_names.LONGEST]!r}"

    @property
    def meant(self) -> list[Ally]:
        """The allies that may be meant; none if another country has this name, or no name is alike."""
        known = allies()
        return [] if self._outsider else [known[code] for code in country_names.alike(self.name, known)]

    @property
    def _outsider(self) -> bool:
        codes = country_names.codes_of(self.name)
        return bool(codes) and codes.isdisjoint(allies())

    @property
    def did_you_mean(self) -> str:
        """The end of a message, with the allies that may be meant; empty if there are none."""
        meant = " or ".join(f"{ally.name} ({ally.code})" for ally in self.meant)
        return f"; did you mean {meant}?" if meant else ""

    @property
    def detail(self) -> str:
        """What is wrong, and which allies may be meant."""
        return self.reason + self.did_you_mean


@dataclass(frozen=True)
class Pledge:
    """One stated aim.

    Attributes
    ----------
    target_pct : in % of GDP; it or ``year`` is None where no figure was given.
    stance : how firm the statement was when it was made.
    status : what has become of it: ``announced``, in a medium-term ``plan``, in a (draft) ``budget``, in ``law``,
        ``delivered`` or ``missed`` by the figures, ``withdrawn``, or ``refused`` by the government.
    status_on, status_source : the day of the status (ISO 8601), and what it is read from; the statement's own
        unless something later decided.
    """

    component: Component
    target_pct: float | None
    year: int | None
    stance: Stance
    stated_on: str
    summary: str
    source: str
    status: Status
    status_on: str
    status_source: str


@dataclass(frozen=True)
class Ally:
    """A member of NATO.

    ``code`` and ``code2`` are ISO 3166 alpha-3 and alpha-2; ``denominator`` is what its share is a
    share of (``GDP``, or ``GNI`` for Luxembourg).
    """

    code: str
    code2: str
    name: str
    accession: int
    region: str
    borders_russia_or_belarus: bool
    has_armed_forces: bool
    denominator: str
    pledges: tuple[Pledge, ...]

    @property
    def stance(self) -> Stance:
        """The ally's stance on core spending (on related spending if it has no armed forces)."""
        component = "core" if self.has_armed_forces else "related"
        stances = {p.stance for p in self.pledges if p.component == component}
        return next((stance for stance in _STANCE_ORDER if stance in stances), "pledged")

    @property
    def own_plans(self) -> dict[int, float]:
        """The ally's own dated aims for core spending: year -> % of GDP; the latest statement counts.

        Statements of reluctance are no plans: they name a level that a government does not want to exceed now.
        They are left out, like the common Hague commitment, and aims that were missed or withdrawn.
        """
        own = [
            p
            for p in self.pledges
            if p.component == "core"
            and p.source != COMMON_COMMITMENT
            and p.stance != "reluctant"
            and p.status not in ("missed", "withdrawn")
            and p.year is not None
        ]
        points = {p.year: p.target_pct for p in sorted(own, key=lambda p: p.stated_on) if p.year and p.target_pct}
        return dict(sorted(points.items()))


OWN_SERIES = Ally("XXX", "XX", "Own series", 0, "", False, True, "", ())
"""The country of a series that belongs to no ally (ISO 3166 leaves XXX to its users)."""


def with_status(row: Row) -> Row:
    """A row of the pledges table with its status; what is blank or missing is the statement's own.

    An unknown stance leaves the status blank; :mod:`models.dataset.checks` reports both.
    """
    return row | {
        "status": row.get("status", "") or STATUS_OF_STANCE.get(row["stance"], ""),
        "status_on": row.get("status_on", "") or row["stated_on"],
        "status_source": row.get("status_source", "") or row["source"],
    }


@cache
def allies(tables: Tables = BUNDLED) -> Mapping[str, Ally]:
    """All allies by ISO alpha-3 code, in the order of the codes; their pledges are those of ``tables``."""
    pledges: dict[str, list[Pledge]] = {}
    for row in map(with_status, tables.read("pledges")):
        pledges.setdefault(row["iso3"], []).append(
            Pledge(
                component=row["component"],  # type: ignore[arg-type]  # the values are checked by models.dataset.checks
                target_pct=number(row["target_pct"]),
                year=int(row["year"]) if row["year"] else None,
                stance=row["stance"],  # type: ignore[arg-type]
                stated_on=row["stated_on"],
                summary=row["summary"],
                source=row["source"],
                status=row["status"],  # type: ignore[arg-type]
                status_on=row["status_on"],
                status_source=row["status_source"],
            )
        )
    return {
        row["iso3"]: Ally(
            code=row["iso3"],
            code2=row["iso2"],
            name=row["name"],
            accession=int(row["accession_year"]),
            region=row["region"],
            borders_russia_or_belarus=row["borders_russia_or_belarus"] == "true",
            has_armed_forces=row["has_armed_forces"] == "true",
            denominator=row["denominator"],
            pledges=tuple(pledges.get(row["iso3"], ())),
        )
        for row in sorted(tables.read("members"), key=lambda row: row["iso3"])
    }


@cache
def _names(tables: Tables) -> Mapping[str, Ally]:
    known = allies(tables).values()
    return {country_names.fold(key): ally for ally in known for key in (ally.code, ally.code2, ally.name)}


def resolve(text: str, tables: Tables = BUNDLED) -> Ally:
    """The ally that ``text`` names: ISO alpha-2, alpha-3 or a name in use, in any case; its pledges as in ``tables``.

    Raises UnknownCountry.
    """
    if ally := _names(tables).get(country_names.fold(text)):
        return ally
    codes = country_names.codes_of(text)
    if len(codes) == 1 and (ally := allies(tables).get(*codes)):
        return ally
    raise UnknownCountry(text)
