"""Queries of charts: the query of the data, and options of the chart."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, fields, post_load, validate
from webargs.fields import DelimitedList

from forecast_service.schemas.alliance import AllianceQuerySchema
from forecast_service.schemas.citation import QuestionQuerySchema, id_in
from forecast_service.schemas.fields import QueryYear
from forecast_service.schemas.forecast_request import ForecastQuerySchema, ForecastRequestSchema
from forecast_service.schemas.levers import known_form, known_forms
from forecast_service.schemas.requests import RequestSchema
from forecast_service.schemas.sensitivity import SensitivityRequestSchema
from forecast_service.schemas.tables import ForecastTableQuerySchema
from models.dataset.countries import COMPONENTS

LEAST_WIDTH, MOST_WIDTH, WIDTH = 280, 1600, 720
MOST_OVERLAYS = 3
MEASURES = ("probability", "share")


def _component() -> fields.String:
    return fields.String(
        validate=validate.OneOf(COMPONENTS, error="must be one of {choices}"),
        metadata={"description": "Chart: the component of the target; core if absent."},
    )


class ChartOptionsSchema(RequestSchema):
    theme = fields.String(
        validate=validate.OneOf(["light", "dark"], error="must be one of {choices}"),
        metadata={"description": "Chart: colours for a light or a dark page; light if absent."},
    )
    width = QueryYear(
        validate=validate.Range(
            min=LEAST_WIDTH, max=MOST_WIDTH, error="must be a whole number from {min} to {max} (pixels)"
        ),
        metadata={"description": f"Chart: width (pixels); {WIDTH} if absent. A PNG has twice as many."},
    )


class ComponentChartOptionsSchema(ChartOptionsSchema):
    """Options of a chart of one target."""

    component = _component()


class CardOptionsSchema(ComponentChartOptionsSchema):
    """Options of a card, which has one size."""

    class Meta:
        exclude = ("width",)


class FanChartOptionsSchema(ComponentChartOptionsSchema):
    ghost = fields.String(
        validate=validate.OneOf(["baseline"], error="must be {choices}"),
        metadata={"description": "Chart: with baseline, its median and 80 % band are drawn behind another scenario's."},
    )
    overlay = DelimitedList(
        fields.String(validate=known_form, metadata={"anyOf": known_forms()}),
        validate=validate.Length(
            min=1, max=MOST_OVERLAYS, error="must be {min} to {max} scenarios, with commas between"
        ),
        metadata={
            "description": f"Chart: up to {MOST_OVERLAYS} scenarios whose medians are drawn too, separated by commas: "
            "names of shipped ones, ids of saved ones.",
            "example": ["stall"],
        },
    )


class RankingChartOptionsSchema(ComponentChartOptionsSchema):
    measure = fields.String(
        validate=validate.OneOf(MEASURES, error="must be one of {choices}"),
        metadata={
            "description": "Chart: probability (at the deadline, with the range across members) or share (the median "
            "share at the deadline, with its 80 % interval); probability if absent."
        },
    )


def chart_options(schema: type[ChartOptionsSchema], query: Any) -> dict[str, Any]:
    """The options of a checked query, with the defaults filled in."""
    options: dict[str, Any] = schema(unknown=EXCLUDE).load(query)
    return {"theme": "light", "width": WIDTH, "component": "core", "measure": "probability", "overlay": []} | options


def _without(options: type[ChartOptionsSchema], data: dict[str, Any]) -> dict[str, Any]:
    """The query without the options of the chart, which :func:`chart_options` reads."""
    return {name: value for name, value in data.items() if name not in options._declared_fields}


class FanOptionsSchema(ForecastTableQuerySchema, FanChartOptionsSchema):
    """Options of the tables and the fan chart of a forecast that a body asks for."""


class FanQuerySchema(ForecastTableQuerySchema, FanChartOptionsSchema, ForecastQuerySchema):
    """The query of a forecast, its tables or its fan chart; other formats ignore the options of these."""

    id = id_in()

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(FanChartOptionsSchema, data), **kwargs)


class ForecastOfQuestionSchema(FanOptionsSchema, QuestionQuerySchema):
    """The query of the forecast of a question that is in the address."""

    question = fields.Nested(
        ForecastRequestSchema, required=True, metadata={"description": "The body of POST /v1/forecasts, as JSON."}
    )


class SensitivityOfQuestionSchema(ChartOptionsSchema, QuestionQuerySchema):
    """The query of the sensitivity of a question that is in the address."""

    question = fields.Nested(
        SensitivityRequestSchema, required=True, metadata={"description": "The body of POST /v1/sensitivity, as JSON."}
    )


class WaterfallQuerySchema(ComponentChartOptionsSchema, ForecastQuerySchema):
    """The query of a waterfall, which has no quantiles."""

    class Meta:
        exclude = ("quantiles",)

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(ComponentChartOptionsSchema, data), **kwargs)


class CardQuerySchema(CardOptionsSchema, ForecastQuerySchema):
    """The query of the card of one ally, which has no quantiles."""

    class Meta:
        exclude = ("quantiles", "width")

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(CardOptionsSchema, data), **kwargs)


class SensitivityQuerySchema(WaterfallQuerySchema):
    """The query of a sensitivity or its tornado."""

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        component = {"component": data["component"]} if "component" in data else {}
        built = super()._build(data, **kwargs) | component
        return {name: value for name, value in built.items() if name != "levels"}


class AllianceChartQuerySchema(ComponentChartOptionsSchema, AllianceQuerySchema):
    """The query of a chart of all allies, which has no quantiles."""

    class Meta:
        fields = (
            "scenario", "deadline", "core", "related", "rule", "origin", "vintage", "component", "theme", "width",
        )  # fmt: skip

    @post_load
    def _build(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return super()._build(_without(RankingChartOptionsSchema, data), **kwargs)


class AllianceCardQuerySchema(AllianceChartQuerySchema):
    """The query of the card of all allies."""

    class Meta:
        fields = tuple(name for name in AllianceChartQuerySchema.Meta.fields if name != "width")


class RankingQuerySchema(RankingChartOptionsSchema, AllianceChartQuerySchema):
    class Meta:
        fields = (*AllianceChartQuerySchema.Meta.fields, "measure")
