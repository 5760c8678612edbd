"""The forms of answers, by the names that suffixes and parameters give them, and their content types."""

from __future__ import annotations

JSON, CSV, METADATA, PARQUET, ARROW = "json", "csv", "csv-metadata.json", "parquet", "arrow"
SVG, PNG, VEGA = "svg", "png", "vl.json"

CONTENT_TYPES = {
    JSON: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    METADATA: "application/csvm+json",
    PARQUET: "application/vnd.apache.parquet",
    ARROW: "application/vnd.apache.arrow.file",
    SVG: "image/svg+xml",
    PNG: "image/png",
    VEGA: "application/vnd.vegalite.v6+json",
}
"""With parameters, as ``Content-Type`` says it."""

MEDIA_TYPES = {form: full.split(";")[0] for form, full in CONTENT_TYPES.items()}
"""Without parameters, as ``Accept`` and the contract say it."""
