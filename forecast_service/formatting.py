"""Words for the terminal, the charts and the page: one scale of probabilities, none of them certain."""

from __future__ import annotations

LIKELIHOODS = (
    (0.01, "all but ruled out"),
    (0.10, "very unlikely"),
    (0.33, "unlikely"),
    (0.45, "rather unlikely"),
    (0.55, "about as likely as not"),
    (0.67, "rather likely"),
    (0.90, "likely"),
    (0.99, "very likely"),
    (1.01, "all but assured"),
)

SPENT_ON = {
    "core": "core defence",
    "related": "defence-related needs",
    "total": "defence and related needs together",
}
"""What the money of a component is spent on."""


def title(name: str) -> str:
    """The name of a shipped scenario as a heading: ``us-withdrawal`` is "US withdrawal"."""
    text = name.replace("-", " ").replace("gdp", "GDP").replace("us ", "US ")
    return text[:1].upper() + text[1:]


def percent(p: float) -> str:
    """A probability (0 to 1) as a percentage; never a bare 0 % or 100 %."""
    if p < 0.01:
        return "< 1 %"
    return "> 99 %" if p > 0.99 else f"{100 * p:.0f} %"


def likelihood(p: float) -> str:
    """A probability (0 to 1) as an adjective."""
    return next(adjective for bound, adjective in LIKELIHOODS if p < bound)


def frequency(p: float) -> str:
    """A probability (0 to 1) as a number of cases in 10 or 100."""
    if p < 0.01:
        return "fewer than 1 in 100"
    if p > 0.99:
        return "more than 99 in 100"
    if p < 0.05 or p >= 0.95:
        return f"about {round(p * 100)} in 100"
    return f"about {min(9, max(1, int(p * 10 + 0.5)))} in 10"
