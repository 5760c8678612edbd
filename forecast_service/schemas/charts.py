"""Charts: how they are asked for. Queries are those of the figures they show, and options of how it is drawn."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, validate
from webargs.fields import DelimitedList

from forecast_service.schemas.alliance import AllianceQuerySchema
from forecast_service.schemas.fields import QueryYear
from forecast_service.schemas.forecast_request import ForecastQuerySchema
from forecast_service.schemas.levers import known_form, known_forms
from models.dataset.countries import COMPONENTS

LEAST_WIDTH, MOST_WIDTH, WIDTH = 280, 1600, 720
MOST_OVERLAYS = 3
MEASURES = ("probability", "share")


def _component() -> fields.String:
    return fields.String(
        validate=validate.OneOf(COMPONENTS, error="must be one of {choices}"),
        metadata={"description": "Picture: of which target; core if absent."},
    )


class ChartOptionsSchema(Schema):
    """Options of a chart."""

    theme = fields.String(
        validate=validate.OneOf(["light", "dark"], error="must be one of {choices}"),
        metadata={"description": "Picture: its colours, light or dark; light if absent."},
    )
    width = QueryYear(
        validate=validate.Range(min=LEAST_WIDTH, max=MOST_WIDTH, error="must be from {min} to {max} (pixels)"),
        metadata={"description": f"Picture: its width (pixels); {WIDTH} if absent. A PNG has twice as many."},
    )


class ComponentChartOptionsSchema(ChartOptionsSchema):
    """Options of a chart that shows one of several targets."""

    component = _component()


class FanChartOptionsSchema(ComponentChartOptionsSchema):
    """How a fan chart is to options, and what it is compared with."""

    ghost = fields.String(
        validate=validate.OneOf(["baseline"], error="must be {choices}"),
        metadata={
            "description": "Picture: with baseline, its median and 80 % band are drawn behind another scenario's."
        },
    )
    overlay = DelimitedList(
        fields.String(validate=known_form, metadata={"anyOf": known_forms()}),
        validate=validate.Length(min=1, max=MOST_OVERLAYS, error="must hold {min} to {max} scenarios"),
        metadata={
            "description": f"Picture: up to {MOST_OVERLAYS} scenarios whose medians are drawn too, separated by "
            "commas: names of shipped ones, ids of kept ones.",
            "example": ["stall"],
        },
    )


class RankingChartOptionsSchema(ComponentChartOptionsSchema):
    """How a ranking is to options, and what it ranks by."""

    measure = fields.String(
        validate=validate.OneOf(MEASURES, error="must be one of {choices}"),
        metadata={
            "description": "Picture: probability (at the deadline, with the range across members), if absent; or share "
            "(the median share at the deadline, with its 80 % interval)."
        },
    )


def chart_options(schema: type[ChartOptionsSchema], query: Any) -> dict[str, Any]:
    """The options of a checked query, with the defaults filled in."""
    found: dict[str, Any] = schema(unknown=EXCLUDE).load(query)
    return {"theme": "light", "width": WIDTH, "component": "core", "measure": "probability", "overlay": []} | found


def _without(options: type[ChartOptionsSchema], data: dict[str, Any]) -> dict[str, Any]:
    """The question without what is the picture's alone: :func:`chart_options` reads that."""
    return {name: value for name, value in data.items() if name not in options._declared_fields}


class FanQuerySchema(FanChartOptionsSchema, ForecastQuerySchema):
    """A forecast, and its chart. Forms that are no chart ignore the options of the chart."""

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(FanChartOptionsSchema, data), **kwargs)


class WaterfallQuerySchema(ComponentChartOptionsSchema, ForecastQuerySchema):
    """A forecast of which the waterfall is drawn."""

    class Meta:
        """Without quantiles: a waterfall has none."""

        exclude = ("quantiles",)

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(ComponentChartOptionsSchema, data), **kwargs)


class SensitivityQuerySchema(WaterfallQuerySchema):
    """A question of which the tornado is asked for."""

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        component = {"component": data["component"]} if "component" in data else {}
        built = super()._build(data, **kwargs) | component
        return {name: value for name, value in built.items() if name != "levels"}


class AlliancePictureQuerySchema(ComponentChartOptionsSchema, AllianceQuerySchema):
    """The question of all allies, and its chart."""

    class Meta:
        """Without quantiles: these charts have none."""

        fields = ("scenario", "deadline", "core", "related", "origin", "vintage", "component", "theme", "width")

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(RankingChartOptionsSchema, data), **kwargs)


class RankingQuerySchema(RankingChartOptionsSchema, AlliancePictureQuerySchema):
    """The question of all allies, and its ranking."""

    class Meta:
        """As the other charts of the alliance, and the measure."""

        fields = (*AlliancePictureQuerySchema.Meta.fields, "measure")
