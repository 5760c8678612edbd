"""Probabilities as a person reads them: in a terminal, in pictures and on the page."""

from __future__ import annotations


def percent(p: float) -> str:
    """A probability (0 to 1) as a percentage; never a bare 0 % or 100 %."""
    if p < 0.01:
        return "< 1 %"
    return "> 99 %" if p > 0.99 else f"{100 * p:.0f} %"
