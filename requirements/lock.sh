#!/usr/bin/env bash
# Locks the versions, with hashes and without an index's address. Run it after a change of pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" pyproject.toml; }
compile -o requirements/runtime.txt
compile -o requirements/build.txt --build-deps-for editable --only-build-deps
compile -o requirements/dev.txt --extra dev -c requirements/runtime.txt
# The extras that the image can have. dev.txt has all of them, so any of these files go together.
for extra in cluster otel parquet; do
  compile -o "requirements/$extra.txt" --extra "$extra" -c requirements/dev.txt
done
# What lists the image's packages, and the peers' environment, with pandas below 3.
for tools in requirements/sbom benchmarks/accuracy/requirements-peers; do
  pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o "$tools.txt" "$tools.in"
done
