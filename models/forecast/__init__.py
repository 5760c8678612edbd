"""One ally's answer: the question, the forecaster, the result and its explanation; what asks more is ``analysis``."""

from models.forecast.forecaster import MODEL_VERSION, Forecaster

__all__ = ["MODEL_VERSION", "Forecaster"]
