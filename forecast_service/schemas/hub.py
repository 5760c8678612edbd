"""The query for forecasts in the hubverse's form."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate
from webargs.fields import DelimitedList

from forecast_service.schemas.fields import COUNTRY, QueryYear
from forecast_service.schemas.forecast_request import ForecastQuerySchema
from forecast_service.schemas.messages import unknown_country
from forecast_service.schemas.tables import CsvOptionsSchema, TableQuerySchema
from models.dataset.countries import UnknownCountry, resolve
from models.scenarios.targets import HAGUE_DEADLINE, Targets

OUTPUT_TYPES = ("mean", "median", "quantile", "cdf", "sample")
"""The hubverse's forms of a distribution that are offered."""
SAMPLES, MOST_SAMPLES = 100, 1000
MOST_LOCATIONS = 40


class AllyCode(fields.String):
    """The alpha-3 code of an ally, given by any of its names."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return resolve(str(super()._deserialize(value, attr, data, **kwargs))).code
        except UnknownCountry as error:
            raise ValidationError(unknown_country(error)) from None


class ModelOutputQuerySchema(TableQuerySchema, ForecastQuerySchema):
    """The query: scenario, deadline and vintage of a forecast, and what of all allies' distributions to show."""

    class Meta:
        options = tuple(CsvOptionsSchema._declared_fields)
        fields = ("scenario", "deadline", "vintage", "output_type", "location", "samples", *options)

    output_type = DelimitedList(
        fields.String(validate=validate.OneOf(OUTPUT_TYPES, error="must be one of {choices}")),
        validate=validate.Length(min=1, max=len(OUTPUT_TYPES), error="must be {min} to {max}, with commas between"),
        metadata={
            "description": "Forms of the distributions, separated by commas: mean; median; quantile, on the 23 levels "
            "of forecast hubs; cdf, the probability of at most each of some shares; sample, simulated worlds. quantile "
            "if absent.",
            "example": ["median", "quantile"],
        },
    )
    location = DelimitedList(
        AllyCode(metadata={"description": COUNTRY, "minLength": 2, "maxLength": 60}),
        validate=validate.Length(min=1, max=MOST_LOCATIONS, error="must be {min} to {max}, with commas between"),
        metadata={
            "description": "Only these allies, separated by commas; all if absent.",
            "example": ["DEU", "POL"],
        },
    )
    samples = QueryYear(
        validate=validate.Range(min=1, max=MOST_SAMPLES, error="must be a whole number from {min} to {max}"),
        metadata={
            "description": f"How many samples if output_type has sample, 1 to {MOST_SAMPLES}; {SAMPLES} if absent. "
            "They are worlds of the simulated paths (/v1/alliance/paths), under the same numbers."
        },
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        targets = Targets(data.pop("deadline", HAGUE_DEADLINE))
        return {"targets": targets, "output_type": ["quantile"], "samples": SAMPLES} | data
