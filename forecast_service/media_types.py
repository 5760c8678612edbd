"""The formats of answers, named as in suffixes and parameters, and their content types."""

from __future__ import annotations

JSON, CSV, METADATA, PARQUET, ARROW, XLSX = "json", "csv", "csv-metadata.json", "parquet", "arrow", "xlsx"
SVG, PNG, VEGA = "svg", "png", "vl.json"

ATOM_TYPE = "application/atom+xml"
"""Of a feed."""
SCHEMA_TYPE = "application/schema+json"
"""Of a JSON Schema."""

CONTENT_TYPES = {
    JSON: "application/json",
    CSV: "text/csv; charset=utf-8; header=present",
    METADATA: "application/csvm+json",
    PARQUET: "application/vnd.apache.parquet",
    ARROW: "application/vnd.apache.arrow.file",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    SVG: "image/svg+xml",
    PNG: "image/png",
    VEGA: "application/vnd.vegalite.v6+json",
}
"""With parameters, for the header ``Content-Type``."""

MEDIA_TYPES = {name: full.split(";")[0] for name, full in CONTENT_TYPES.items()}
"""Without parameters, for the header ``Accept`` and the contract."""
