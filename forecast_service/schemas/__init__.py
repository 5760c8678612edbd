"""The marshmallow schemas of requests and answers, one file per resource; they look nothing up."""
