"""The version of the client, which counts separately from the service's: it works with every service under ``/v1``."""

VERSION = "1.0.0"
