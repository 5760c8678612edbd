"""One ally's answer: the question, the forecaster, the result and its explanation."""

from models.forecast.forecaster import Forecaster
from models.forecast.question import MODEL_VERSION, Question

__all__ = ["MODEL_VERSION", "Forecaster", "Question"]
