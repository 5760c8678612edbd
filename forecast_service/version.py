"""The version of the service. The statistics have their own: :data:`models.forecast.MODEL_VERSION`."""

VERSION = "1.0.0"
