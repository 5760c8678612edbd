"""Questions in words, as tests ask the analyses."""

from __future__ import annotations

from typing import Any

from models.analysis import requirements
from models.analysis import sensitivity as tornado
from models.dataset.countries import Component
from models.forecast import Forecaster, Question


def required(
    forecaster: Forecaster, country: str, probability: float, component: Component = "core", *asked: Any, **more: Any
) -> requirements.Requirement:
    """What it takes, in words."""
    question = Question.resolve(forecaster.basis, country, *asked, component=component, **more)
    return requirements.required(forecaster, question, probability)


def sensitivity(
    forecaster: Forecaster, country: str, component: Component = "core", *asked: Any, **more: Any
) -> tornado.Sensitivity:
    """What moves it most, in words."""
    return tornado.sensitivity(
        forecaster, Question.resolve(forecaster.basis, country, *asked, component=component, **more)
    )
