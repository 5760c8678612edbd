"""Charts: each one Vega-Lite specification, made of the JSON documents that the API answers with.

Only the drawing process (:mod:`forecast_service.charts.process`) imports what draws; ``renderer.py`` is the service's
side of it. altair and the JavaScript engine of vl-convert are large, and hold the interpreter while they draw.
"""
