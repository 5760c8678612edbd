"""Numbers and levers as text. No text says that something is certain or impossible."""

from __future__ import annotations

from typing import Any

from forecast_service import formatting
from forecast_service.dashboard import lever_form
from models.dataset.countries import STATUS_OF_STANCE
from models.scenarios import lever_names

THIN = "\u00a0"
"""A no-break space between a number and its unit."""

BASIS = {
    "history": "published figures",
    "prior": "an assumption (a prior), not on published figures",
    "history and prior": "published figures for the core part and an assumption (a prior) for the related part",
}
COMPONENTS = formatting.SPENT_ON
LEVERS = lever_names.NAMES
title = formatting.title
RULES = {
    "strict": "only new money of the kinds that the declaration lists",
    "claimed": "what governments say they count",
    "broad": "existing spending of those kinds too",
}
"""The rules that count related spending, the narrowest first."""
STANCES = {
    "law": "in law",
    "plan": "dated plan",
    "pledged": "pledged",
    "reluctant": "reluctant",
    "claims-exemption": "claims an exemption",
}
STATUSES = {
    "announced": "announced only",
    "plan": "in a medium-term plan",
    "budget": "in a budget",
    "law": "in law",
    "delivered": "delivered",
    "missed": "missed",
    "withdrawn": "withdrawn",
    "refused": "refused",
}
MEMBERS = {
    "panel": (
        "All allies together",
        "an ally returns toward the others, and recent change goes on for a while",
    ),
    "plans": ("With plans and budgets", "the same, informed by what governments plan to spend"),
    "pledge": ("With pledges", "the same, and part of the gap to the pledge closes, as such gaps closed before"),
    "random_walk": ("Random walk", "no change is expected, any change may come"),
    "ets": ("Exponential smoothing", "level and damped trend of the ally's own figures"),
    "arima": ("ARIMA", "the ally's own figures and how they followed each other"),
    "unobserved": ("Trend with noise", "a slowly changing trend behind the ally's own figures"),
    "theta": ("Theta", "half the long trend, half the last level"),
    "prior": ("Prior", "what is assumed where no figure is published"),
}


PHRASES = {
    "rule": "{} rule",
    "share_pct": "{:g} %",
    "change_pp": "{:+g} points a year",
    "rate_pct": "{:g} % a year",
    "credibility": "kept to {}",
    "year": "in {}",
    "years": "{} years",
    "what": "{}",
    "from": "from {}",
    "to": "to {}",
    "after": "then {}",
    "spread_factor": "{:g} times the spread",
    "tails": "tails to the power {:g}",
    "reversion": "{:g} of the way back",
    "over_years": "over {} years",
    "toward": "toward the {}",
    "probability": "with probability {:g}",
    "from_component": "from {}",
}
"""The fields of levers as text."""


GROUPS = {
    "european": "European allies",
    "europe-and-canada": "European allies and Canada",
    "euro-area": "allies of the euro area",
    "borders-russia-or-belarus": "allies that border Russia or Belarus",
}
"""Groups of allies in a lever's ``countries``; a code stands for itself."""

FIELD_LABELS = {
    "pledge_year": "Year of the pledge",
    "belief": "How far the pledge is kept",
    "freeze": "Freeze",
    "from": "First year",
    "to": "Last year",
}
"""Labels of the fields that are no control of their own."""


def lever(fields: dict[str, Any]) -> str:
    """The fields of a lever, without its type, as text; may be empty."""
    parts = [f"on {fields['component']}"] if fields.get("component") == "related" else []
    for year, value in fields.get("points", {}).items():
        parts.append(f"{value:g} % in {year}")
    said = {name: text.format(fields[name]) for name, text in PHRASES.items() if name in fields}
    parts += [text.replace("-", "−") if name == "change_pp" else text for name, text in said.items()]
    if "countries" in fields:
        parts.append("for " + ", ".join(GROUPS.get(name, name) for name in fields["countries"]))
    return ", ".join(parts).replace(" %", f"{THIN}%")


def control(name: str) -> str:
    """The label of the field ``name`` of the form of assumptions."""
    found = lever_form.BY_NAME.get(name)
    return found.label if found else FIELD_LABELS.get(name, name)


def later_status(pledge: dict[str, Any]) -> str:
    """What has become of a pledge, with the day; empty where its stance says the same."""
    if pledge["status"] == STATUS_OF_STANCE[pledge["stance"]]:
        return ""
    return f"{STATUSES[pledge['status']]}, {pledge['status_on']}"


def percent(p: float | None) -> str:
    """A probability (0 to 1) as a percentage, never 0 % or 100 %; an em dash for None."""
    return "—" if p is None else formatting.percent(p).replace(" ", THIN)


def points(change: float | None) -> str:
    """A difference of probabilities (-1 to 1) in percentage points with its sign; an em dash for None."""
    if change is None:
        return "—"
    rounded = round(change * 100)
    if rounded == 0:
        return "no change" if abs(change) < 0.0005 else f"less than 1{THIN}point"
    return f"{rounded:+d}{THIN}point{'' if abs(rounded) == 1 else 's'}".replace("-", "−")


def points_between(before: float, after: float) -> str:
    """The difference of two probabilities as they are shown, so that a reader who adds up gets the same."""
    shown = _points_shown(before, after)
    return points(shown / 100) if abs(after - before) >= 0.0005 and shown else points(after - before)


def _points_shown(before: float, after: float) -> int:
    return round(100 * after) - round(100 * before)


def more(before: float, after: float) -> str:
    """The difference of two probabilities as they are shown, as "16 points more"."""
    shown, word = abs(_points_shown(before, after)), "more" if after > before else "less"
    if shown == 0:
        return "no change" if abs(after - before) < 0.0005 else f"less than 1{THIN}point {word}"
    return f"{shown}{THIN}point{'' if shown == 1 else 's'} {word}"


def share(value: float | None) -> str:
    """A share in % of GDP with two decimals, as NATO publishes it; an em dash for None."""
    return "—" if value is None else f"{value:.2f}{THIN}%"


def threshold(value: float) -> str:
    """A threshold in % of GDP without trailing zeros."""
    return f"{value:g}{THIN}%"


def signed(value: float, places: int = 1) -> str:
    """A number with its sign; a true minus for negative ones."""
    return f"{value:+.{places}f}".replace("-", "−")


def dollars(millions: float) -> str:
    """An amount in million US dollars as millions or billions."""
    sign, size = ("−" if millions < 0 else ""), abs(millions)
    if size >= 99_500:
        return f"{sign}US${size / 1000:,.0f}{THIN}billion"
    if size >= 1_000:
        return f"{sign}US${size / 1000:,.1f}{THIN}billion"
    return f"{sign}US${size:,.0f}{THIN}million"


def billions(value: float, currency: str) -> str:
    """An amount in billion of a currency (ISO 4217)."""
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 1 else 2
    return f"{currency}{THIN}{value:,.{places}f}{THIN}billion".replace("-", "−")


def sentence(text: str) -> str:
    """``text`` with a capital; capitalize() would lower the names in it."""
    return text[:1].upper() + text[1:]


def finding(forecast: dict[str, Any], target: dict[str, Any], denominator: str = "GDP") -> str:
    """The result for one target in a sentence, for the headline and the chart's alt text."""
    if target["probability"] is None:
        return str(target["reason"])
    return (
        f"{forecast['country']['name']} spends at least {threshold(target['threshold'])} of {denominator} on "
        f"{COMPONENTS[target['component']]} in {forecast['deadline']} in "
        f"{formatting.frequency(target['probability']['at_deadline'])} simulated futures."
    )


BASELINE = "what the models expect from the figures, and from plans and pledges as far as such were kept before."
"""The baseline in words, for the middle of a sentence."""


def levers(found: list[tuple[str, dict[str, Any]]]) -> str:
    """The reader's own levers as text."""
    return "; ".join(f"{LEVERS[fields['type']]} {lever(fields)}".strip() for _, fields in found)


def required(target: dict[str, Any], deadline: int) -> str:
    """The growth that leads exactly to the threshold, as a sentence."""
    growth, year = target["required"]["real_growth_pct"], target["required"]["from_year"]
    how = f"must grow by {growth:.1f}" if growth > 0 else f"may fall by {-growth:.1f}"
    exactly = f"To be at exactly {threshold(target['threshold'])} in {deadline}"
    return f"{exactly}, spending {how}{THIN}% a year in real terms from {year} on."


def first_year(target: dict[str, Any], origin: int, deadline: int) -> str:
    """When the target is first met, as sentences."""
    p = target["probability"]
    if not target["first_year"] or p["by_deadline"] < 0.01:
        return f"In almost no simulated future is it reached by {deadline}."
    year, chance = max(target["first_year"].items(), key=lambda it: it[1])
    not_reached = f"In {formatting.frequency(1 - p['by_deadline'])} futures it is not reached by {deadline}."
    if year == str(origin) and chance >= 0.5:
        return f"It is there in {year} already, in {formatting.frequency(chance)} futures (the figure is an estimate)."
    if chance < 0.01:
        return f"{not_reached} No single year has a chance of 1 % or more to be the first."
    return f"{not_reached} The likeliest first year is {year}, with {percent(chance)}."


def requirement(found: dict[str, Any]) -> str:
    """What the wanted probability requires, as a sentence; less than what is expected is said as such."""
    extra, asked = found["extra_growth_pp"], formatting.frequency(found["probability"]["asked"])
    if abs(extra) < 0.05:
        return f"It is as likely as {asked} already."
    if extra < 0:
        return (
            f"It is likelier than that already: to bring it down to {asked}, spending would grow by "
            f"{-extra:.1f} points a year less than expected."
        )
    return f"To be as likely as {asked}, spending must grow by {extra:.1f} points a year more than expected."


def money(found: dict[str, Any]) -> str:
    """The money of a requirement, more or less than expected, with its currency."""
    usd, national, deadline = found["money"]["usd"], found["money"]["national"], found["deadline"]
    word = "more" if usd["extra"] >= 0 else "less"
    one, together = (dollars(abs(usd[name])) for name in ("extra", "extra_cumulative"))
    said = f"{one} {word} in {deadline}, {together} {word} in all years to then (at prices of 2021)"
    if not national or not national["currency"]:
        return said
    one, together = (billions(abs(national[name]), national["currency"]) for name in ("extra", "extra_cumulative"))
    return f"{said}; at current prices {one} {word} in {deadline}, {together} {word} in all years"


def resemblance(effective: float) -> str:
    """How much the baseline's futures resemble a scenario (0 to 1), as a sentence."""
    if effective >= 0.5:
        said = "Its futures are much like the baseline's"
    elif effective >= 0.1:
        said = "Its futures differ from most of the baseline's"
    else:
        said = "Few of the baseline's futures are like it: treat it as an unusual case"
    return f"{said}."


def ranked(sides: list[dict[str, Any]]) -> str:
    """Which of several allies is likelier to meet the target, as a sentence."""
    found = [
        (side["detail"]["name"], side["target"]["probability"]["at_deadline"])
        for side in sides
        if side["target"]["probability"] is not None
    ]
    found.sort(key=lambda it: -it[1])
    if len(found) < 2:
        return "There is no second ally here to which this target applies."
    first, last = found[0], found[-1]
    if first[1] - last[1] < 0.05:
        return f"They are about equally likely: {percent(last[1])} to {percent(first[1])}."
    listed = ", then ".join(f"{name} ({percent(p)})" for name, p in found[1:])
    return f"{first[0]} is the likeliest to be there ({percent(first[1])}), then {listed}."


def rules(found: list[dict[str, Any]]) -> str:
    """How much of a probability is the rule that counts related spending, as text."""
    if len(found) == 1:
        return f"{sentence(RULES[found[0]['rule']])}, as you chose."
    parts = [f"{percent(one['at_deadline'])} if {RULES[one['rule']]} counts" for one in found]
    weights = ", ".join(percent(one["weight"]) for one in found)
    return (
        f"{'; '.join(parts)}. Nobody has settled the rule: {weights} of the futures follow each, which is a judgement."
    )


def span(p: dict[str, Any]) -> str:
    """The range of the members' probabilities as text."""
    low, high = p["across_members"]
    if percent(low) == percent(high):
        return f"all models say {percent(low)}"
    return f"the models, without and with pledges, say {percent(low)} to {percent(high)}"
