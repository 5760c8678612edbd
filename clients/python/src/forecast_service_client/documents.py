"""The JSON of the service's answers, as types. Written by ``write_documents.py`` from the contract."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AskedProbability(TypedDict):
    asked: float
    reached: float
    standard_error: float
    without: float


class Bar(TypedDict):
    assumption: str
    at_high: float
    at_low: float
    high: str
    low: str
    swing: float


class BaselineProbability(TypedDict):
    at_deadline: float
    by_deadline: float
    held: float


class ByComponent(TypedDict):
    core: float | None
    related: float | None
    total: float | None


class Compared(TypedDict):
    difference: dict[str, Any]
    forecast: dict[str, Any]
    id: str


class ComponentPaths(TypedDict):
    mean: list[float]
    median: list[float]
    quantiles: dict[str, list[float]]


class CountryRef(TypedDict):
    code: str
    code2: str
    name: str


class CountryScores(TypedDict):
    brier: NotRequired[float]
    country: str
    coverage_80: NotRequired[float]
    coverage_80_from_2014: NotRequired[float]
    coverage_95: NotRequired[float]
    crps: NotRequired[float]
    forecasts: int
    skill: NotRequired[float]
    skill_above_2: NotRequired[float]
    skill_from_2014: NotRequired[float]
    skill_high: NotRequired[float]
    skill_low: NotRequired[float]


class CslAuthor(TypedDict):
    literal: str


DatePart: TypeAlias = list[int]


CslDate = TypedDict(
    "CslDate",
    {
        "date-parts": list[DatePart],
    },
)


class CslItem(TypedDict):
    URL: NotRequired[str]
    author: list[CslAuthor]
    id: str
    issued: CslDate
    note: str
    title: str
    type: Literal["dataset"]
    version: str


class Difference(TypedDict):
    at_deadline: float | None
    by_deadline: float | None
    held: float | None
    real_growth_pct: float | None


class ErrorItem(TypedDict):
    detail: str
    parameter: NotRequired[str]
    pointer: NotRequired[str]


class Estimate(TypedDict):
    mean: float
    sd: NotRequired[float | None]


class Fan(TypedDict):
    currency: str | None
    mean: list[float]
    median: list[float]
    quantiles: dict[str, list[float]]
    unit: str


class FrozenScores(TypedDict):
    coverage_80: float | None
    coverage_95: float | None
    crps: float | None
    skill: float | None


class GroupShare(TypedDict):
    allies: list[str]
    at_deadline: float
    by_deadline: float
    group: Literal["alliance", "europe-and-canada", "united-states"]
    mean: list[float]
    median: list[float]
    quantiles: dict[str, list[float]]
    standard_error: float


class HorizonScores(TypedDict):
    brier: NotRequired[float]
    coverage_80: NotRequired[float]
    coverage_80_from_2014: NotRequired[float]
    coverage_95: NotRequired[float]
    crps: NotRequired[float]
    forecasts: int
    horizon: int
    skill: NotRequired[float]
    skill_above_2: NotRequired[float]
    skill_from_2014: NotRequired[float]
    skill_high: NotRequired[float]
    skill_low: NotRequired[float]


class Latest(TypedDict):
    estimate: bool
    share_pct: float
    year: int


class LevelScores(TypedDict):
    coverage_80: float
    forecasts: int
    from_origin: int
    log_error: float
    said_rise_30: float
    scenario: str
    share_from: float
    share_to: float
    to_origin: int
    was_rise_30: float


LeverCap = TypedDict(
    "LeverCap",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "share_pct": float,
        "to": NotRequired[int],
        "type": Literal["cap"],
    },
)


class LeverCountingRule(TypedDict):
    rule: Literal["strict", "claimed", "broad"]
    type: Literal["counting_rule"]


LeverDelay = TypedDict(
    "LeverDelay",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "to": NotRequired[int],
        "type": Literal["delay"],
        "years": int,
    },
)


class LeverExit(TypedDict):
    component: NotRequired[Literal["core", "related"]]
    countries: NotRequired[list[str]]
    over_years: NotRequired[int]
    probability: NotRequired[float]
    reversion: NotRequired[float]
    toward: NotRequired[Literal["trend", "origin"]]
    type: Literal["exit"]
    year: int


LeverFloor = TypedDict(
    "LeverFloor",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "share_pct": float,
        "to": NotRequired[int],
        "type": Literal["floor"],
    },
)


LeverFreeze = TypedDict(
    "LeverFreeze",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "to": NotRequired[int],
        "type": Literal["freeze"],
        "what": NotRequired[Literal["share", "nominal", "real"]],
    },
)


LeverGdpGrowth = TypedDict(
    "LeverGdpGrowth",
    {
        "change_pp": NotRequired[float],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "rate_pct": NotRequired[float],
        "to": NotRequired[int],
        "type": Literal["gdp_growth"],
    },
)


class LeverHistoryOverride(TypedDict):
    countries: NotRequired[list[str]]
    points: dict[str, float]
    type: Literal["history_override"]


LeverPledge = TypedDict(
    "LeverPledge",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "credibility": NotRequired[float | Literal["learned"]],
        "from": NotRequired[int],
        "share_pct": float,
        "to": NotRequired[int],
        "type": Literal["pledge"],
        "year": int,
    },
)


LeverReclassify = TypedDict(
    "LeverReclassify",
    {
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "from_component": NotRequired[Literal["other", "core", "related"]],
        "share_pct": float,
        "to": NotRequired[int],
        "type": Literal["reclassify"],
        "years": NotRequired[int],
    },
)


LeverSharePath = TypedDict(
    "LeverSharePath",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "points": dict[str, float],
        "to": NotRequired[int],
        "type": Literal["share_path"],
    },
)


LeverShock = TypedDict(
    "LeverShock",
    {
        "after": NotRequired[Literal["continue", "resume"]],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "spread_factor": NotRequired[float],
        "tails": NotRequired[float],
        "to": NotRequired[int],
        "type": Literal["shock"],
    },
)


LeverSpendingGrowth = TypedDict(
    "LeverSpendingGrowth",
    {
        "change_pp": NotRequired[float],
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": NotRequired[int],
        "rate_pct": NotRequired[float],
        "to": NotRequired[int],
        "type": Literal["spending_growth"],
    },
)


LeverStep = TypedDict(
    "LeverStep",
    {
        "component": NotRequired[Literal["core", "related"]],
        "countries": NotRequired[list[str]],
        "from": int,
        "share_pct": float,
        "to": NotRequired[int],
        "type": Literal["step"],
    },
)


class Member(TypedDict):
    at_deadline: float | None
    left_out: str | None
    name: str
    weight: float | None


class MemberScores(TypedDict):
    brier: NotRequired[float]
    coverage_80: NotRequired[float]
    coverage_80_from_2014: NotRequired[float]
    coverage_95: NotRequired[float]
    crps: NotRequired[float]
    forecasts: int
    name: str
    skill: NotRequired[float]
    skill_above_2: NotRequired[float]
    skill_from_2014: NotRequired[float]
    skill_high: NotRequired[float]
    skill_low: NotRequired[float]
    weight: float


class Money(TypedDict):
    national: Fan | None
    usd: Fan


class NamedScenario(TypedDict):
    description: str
    name: str


class NeededGrowth(TypedDict):
    needed: float
    without: float


class NeededShare(TypedDict):
    needed: float
    without: float


class Observation(TypedDict):
    definition: Literal["nato", "nato-rescaled", "sipri-rescaled"]
    estimate: bool
    share_pct: float
    source: str
    year: int


class OurView(TypedDict):
    high_pct: float
    low_pct: float
    median_pct: float
    origin: int
    probability: float | None


class OutsideView(TypedDict):
    country: str | None
    group: str | None
    high_pct: float | None
    id: str
    kind: Literal["bank", "analyst", "think tank", "official"]
    log_error: float | None
    low_pct: float | None
    our_log_error: float | None
    ours: OurView | None
    outcome_pct: float | None
    rank: int | None
    source: str
    stated_on: str
    statement: str
    who: str
    year: int


class Parameter(TypedDict):
    at: dict[str, Estimate]
    meaning: str
    name: str
    prior: str


class PastForecast(TypedDict):
    country: str
    origin: int
    outcome_estimate: bool | None
    outcome_pct: float | None
    quantiles: list[float]
    year: int


class PastForecasts(TypedDict):
    component: str
    items: list[PastForecast]
    levels: list[float]
    model_version: str
    next: str | None
    scenario: str
    scored_on: str
    vintage: str


class Paths(TypedDict):
    core: ComponentPaths | None
    related: ComponentPaths | None
    total: ComponentPaths | None
    years: list[int]


PeriodScores = TypedDict(
    "PeriodScores",
    {
        "brier": NotRequired[float],
        "coverage_80": NotRequired[float],
        "coverage_80_from_2014": NotRequired[float],
        "coverage_95": NotRequired[float],
        "crps": NotRequired[float],
        "forecasts": int,
        "from": int,
        "skill": NotRequired[float],
        "skill_above_2": NotRequired[float],
        "skill_from_2014": NotRequired[float],
        "skill_high": NotRequired[float],
        "skill_low": NotRequired[float],
        "to": int,
    },
)


class Plausibility(TypedDict):
    baseline_median: list[float]
    component: str
    effective_sample_size: float
    median: list[float]
    rank: list[float]
    rank_at_deadline: float
    years: list[int]


AcrossMember: TypeAlias = float


class Probability(TypedDict):
    across_members: list[AcrossMember]
    at_deadline: float
    by_deadline: float
    held: float
    standard_error: float


class Problem(TypedDict):
    detail: str
    errors: NotRequired[list[ErrorItem]]
    instance: NotRequired[str]
    status: int
    title: str
    type: str


class Reliability(TypedDict):
    forecasts: int
    frequency: float
    probability: float


class Required(TypedDict):
    from_share_pct: float
    from_year: int
    real_growth_pct: float


class RuleProbability(TypedDict):
    at_deadline: float
    rule: Literal["strict", "claimed", "broad"]
    weight: float


class ScenarioItem(TypedDict):
    based_on: NotRequired[str | None]
    created_at: NotRequired[str]
    description: str
    direction: NotRequired[str]
    id: str
    kind: Literal["shipped", "kept"]
    name: str
    public: NotRequired[bool]
    updated_at: NotRequired[str]
    version: NotRequired[int]


Levers: TypeAlias = (
    LeverHistoryOverride
    | LeverCountingRule
    | LeverGdpGrowth
    | LeverSpendingGrowth
    | LeverSharePath
    | LeverPledge
    | LeverDelay
    | LeverExit
    | LeverShock
    | LeverFreeze
    | LeverStep
    | LeverReclassify
    | LeverFloor
    | LeverCap
)


class ScenarioOut(TypedDict):
    based_on: NotRequired[str]
    components: NotRequired[list[str]]
    countries: NotRequired[list[str]]
    description: str
    levers: list[Levers]
    model_version: NotRequired[str]
    name: str
    pledge_effect: NotRequired[bool]
    vintage: NotRequired[str]


class Scores(TypedDict):
    brier: NotRequired[float]
    coverage_80: NotRequired[float]
    coverage_80_from_2014: NotRequired[float]
    coverage_95: NotRequired[float]
    crps: NotRequired[float]
    forecasts: int
    skill: NotRequired[float]
    skill_above_2: NotRequired[float]
    skill_from_2014: NotRequired[float]
    skill_high: NotRequired[float]
    skill_low: NotRequired[float]


class StandingReview(TypedDict):
    at_threshold: float
    on_track: float


class StandingShare(TypedDict):
    interval_80: list[float]
    median: float


class Sums(TypedDict):
    currency: str | None
    extra: float
    extra_cumulative: float
    needed: float
    unit: str
    without: float


class Sweep(TypedDict):
    axes: list[str]
    created_at: str
    evaluations: int
    evaluations_done: int
    failure: str | None
    finished_at: str | None
    id: str
    links: dict[str, str]
    progress: float
    request: dict[str, Any]
    started_at: str | None
    status: Literal["queued", "running", "done", "cancelled", "failed"]


class Swept(TypedDict):
    at_deadline: float
    by_deadline: float
    held: float


class Tally(TypedDict):
    all: float
    allies: int
    at_least: dict[str, float]
    dispersion: float | None
    distribution: list[float]
    interval_80: list[int]
    mean: float
    median: int


class TargetWhyPart(TypedDict):
    name: Literal["level", "momentum", "plans", "pledge", "scenario"]
    points: float


class Vintage(TypedDict):
    base: str | None
    bundled: bool
    created_at: str | None
    current: bool
    name: str
    origin: int
    sha256: str


class WalesScores(TypedDict):
    brier: float
    by_origin: dict[str, float]
    log_score: float


class WaterfallStep(TypedDict):
    change: ByComponent
    lever: int | None
    probability: ByComponent
    type: str


class AnyScenario(TypedDict):
    based_on: NotRequired[str | None]
    components: NotRequired[list[Literal["core", "related"]]]
    countries: NotRequired[list[str]]
    created_at: NotRequired[str]
    description: str
    direction: NotRequired[str]
    id: str
    kind: Literal["shipped", "kept"]
    levers: NotRequired[list[Levers]]
    mine: NotRequired[bool]
    model_version: NotRequired[str]
    name: str
    pledge_effect: NotRequired[bool]
    public: NotRequired[bool]
    updated_at: NotRequired[str]
    version: NotRequired[int]
    vintage: NotRequired[str]


class BaselineTarget(TypedDict):
    component: Literal["core", "related", "total"]
    difference: Difference | None
    probability: BaselineProbability | None
    real_growth_pct: float | None


class Burden(TypedDict):
    country: CountryRef | None
    holder: str
    mean: list[float]
    median: list[float]
    quantiles: dict[str, list[float]]


class Cite(TypedDict):
    address: str | None
    bibtex: str
    csl: CslItem
    text: str


class Comparison(TypedDict):
    country: CountryRef
    items: list[Compared]


class ComponentHistory(TypedDict):
    component: Literal["core"]
    observations: list[Observation]
    reason: str | None
    unit: str


class CountReview(TypedDict):
    at_threshold: Tally
    on_track: Tally


class Country(TypedDict):
    accession: int
    borders_russia_or_belarus: bool
    code: str
    code2: str
    denominator: Literal["GDP", "GNI"]
    has_armed_forces: bool
    latest: Latest | None
    name: str
    region: str
    stance: Literal["law", "plan", "pledged", "reluctant", "claims-exemption"]


class Frozen(TypedDict):
    allies: int
    coverage_80: float | None
    coverage_95: float | None
    crps: float | None
    date: str
    file: str
    model_version: str
    release: str
    resolved: int
    scored_on: str
    sha256: str
    skill: float | None
    trend: FrozenScores
    vintage: str


class History(TypedDict):
    components: list[ComponentHistory]
    country: CountryRef
    vintage: str


class NeededMoney(TypedDict):
    national: Sums | None
    usd: Sums | None


class Requirement(TypedDict):
    cite: Cite
    component: Literal["core", "related", "total"]
    country: CountryRef
    deadline: int
    draws: int
    extra_growth_pp: float
    id: str
    links: dict[str, str]
    model_version: str
    money: NeededMoney
    moved: Literal["core", "related"]
    notes: list[str]
    origin: int
    probability: AskedProbability
    real_growth_pct: NeededGrowth
    scenario: ScenarioOut
    seed: int
    share_pct: NeededShare
    threshold: float
    vintage: str


class Sensitivity(TypedDict):
    bars: list[Bar]
    cite: Cite
    component: str
    country: CountryRef
    deadline: int
    model_version: str
    origin: int
    probability: float
    scenario: str
    threshold: float
    vintage: str


class Standing(TypedDict):
    across_members: list[AcrossMember]
    at_deadline: float
    by_deadline: float
    by_year: list[float]
    country: CountryRef
    latest_share_pct: float | None
    review: StandingReview | None
    share_pct: StandingShare
    standard_error: float


class SweepResult(TypedDict):
    core: Swept | None
    core_median_pct: float | None
    country: str
    failure: str | None
    point: int
    related: Swept | None
    targets: dict[str, Any]
    total: Swept | None
    values: dict[str, Any]


class TargetWhy(TypedDict):
    parts: list[TargetWhyPart]
    sentence: str


class Wales(TypedDict):
    baseline: WalesScores
    baseline_bound: WalesScores
    below_in_2014: int
    random_walk: WalesScores
    reached_in_2024: int
    trend: WalesScores
    trend_bound: WalesScores


class AllianceTarget(TypedDict):
    at_deadline: Tally
    by_deadline: Tally
    component: Literal["core", "related", "total"]
    likelier_than_not: int
    ranking: list[Standing]
    review: CountReview | None
    threshold: float


class Baseline(TypedDict):
    targets: list[BaselineTarget]


class Target(TypedDict):
    basis: Literal["history", "prior", "history and prior"]
    component: Literal["core", "related", "total"]
    counted_related_max: float | None
    first_year: dict[str, float]
    probability: Probability | None
    reason: str | None
    required: Required | None
    rests_on: str
    rules: list[RuleProbability] | None
    threshold: float
    why: TargetWhy | None


class TrackRecord(TypedDict):
    altered: list[str]
    baseline: Scores
    by_country: list[CountryScores]
    by_horizon: list[HorizonScores]
    by_level: list[LevelScores]
    by_period: list[PeriodScores]
    frozen: list[Frozen]
    horizon: int
    members: list[MemberScores]
    model_version: str
    origins: list[int]
    outside_views: list[OutsideView]
    parameters: list[Parameter]
    pit: list[float]
    random_walk: Scores
    reliability: list[Reliability]
    since_1965: Scores | None
    trend: Scores
    vintage: str
    wales: Wales


class AllianceForecast(TypedDict):
    burden: list[Burden]
    cite: Cite
    deadline: int
    draws: int
    id: str
    left_out: dict[str, str]
    links: dict[str, str]
    model_version: str
    origin: int
    reason: str | None
    review_year: int
    rule: Literal["strict", "claimed", "broad"] | None
    scenario: NamedScenario
    seed: int
    shares: list[GroupShare]
    targets: list[AllianceTarget]
    vintage: str
    years: list[int]


class Forecast(TypedDict):
    baseline: Baseline | None
    cite: Cite
    country: CountryRef
    deadline: int
    draws: int
    id: str
    links: dict[str, str]
    members: list[Member]
    model_version: str
    money: Money | None
    notes: list[str]
    origin: int
    paths: Paths
    plausibility: Plausibility | None
    pledge_credibility: float | None
    scenario: ScenarioOut
    seed: int
    targets: list[Target]
    vintage: str
    waterfall: list[WaterfallStep]


class BatchItem(TypedDict):
    forecast: Forecast | None
    problem: Problem | None
    status: int
