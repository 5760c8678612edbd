"""Charts: each module makes one Vega-Lite specification from the API's JSON answers.

Only the drawing process (:mod:`forecast_service.charts.process`) imports altair and vl-convert: they are large and hold
the interpreter's lock while they draw. The service's workers import ``renderer.py``, which talks to that process.
"""
