#!/usr/bin/env bash
# Locks the versions, with hashes and without an index's address. Run it after a change of pyproject.toml.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host "$@" pyproject.toml; }
compile -o requirements/runtime.txt
compile -o requirements/cluster.txt --extra cluster -c requirements/runtime.txt
compile -o requirements/build.txt --build-deps-for editable --only-build-deps
compile -o requirements/dev.txt --extra dev -c requirements/runtime.txt
# The peers' environment, with pandas below 3.
pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
  -o benchmarks/accuracy/requirements-peers.txt benchmarks/accuracy/requirements-peers.in
