"""Probabilities in words for the terminal, the charts and the page. None is shown as certain."""

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
    return f"about {min(9, max(1, round(p * 10)))} in 10"


def odds(p: float) -> str:
    """The text in brackets after a percentage: cases in 10, from the rounded percentage; an adjective at the ends."""
    return f"about {int(round(100 * p) / 10 + 0.5)} in 10" if 0.05 <= p <= 0.95 else likelihood(p)
