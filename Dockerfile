# The service with its fits, so that it is ready in seconds. The tools of the first stage do not ship.
#
#   docker build --tag forecast-service .
#   docker run --read-only --tmpfs /tmp --volume state:/app/state --publish 127.0.0.1:8000:8000 \
#     --env FORECAST_AUTH=api-key forecast-service
#
# It listens on all addresses of its container, so it does not start without FORECAST_AUTH. See docs/deployment.md.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# ---- packages --------------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${BASE} AS packages

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1

# Debian's strip. It does not ship, so its version does not matter.
# hadolint ignore=DL3008,DL3009
RUN apt-get -qq update && apt-get -qq install --yes --no-install-recommends binutils > /dev/null

# Environments of their own, so that no pip, no setuptools and no tool ships.
RUN python3 -m venv /build && python3 -m venv /sbom && python3 -m venv --without-pip /app/venv

WORKDIR /src
COPY requirements/ requirements/
# Locked versions with hashes; only wheels, so nothing is compiled.
RUN --mount=type=cache,target=/root/.cache/pip \
    /build/bin/pip install --quiet --require-hashes --requirement requirements/build.txt \
    && /sbom/bin/pip install --quiet --require-hashes --only-binary :all: --requirement requirements/sbom.txt \
    && /build/bin/pip --python /app/venv/bin/python install --quiet --require-hashes --only-binary :all: \
        --requirement requirements/runtime.txt

COPY pyproject.toml README.md LICENSE DATA-LICENSE.md ./
COPY forecast_service/ forecast_service/
COPY models/ models/
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir /wheel . \
    && /build/bin/pip --python /app/venv/bin/python install --quiet --no-deps --no-index /wheel/*.whl

# ---- fits ------------------------------------------------------------------------------------------------------------
FROM packages AS fits

# They take most of a cold start.
RUN FORECAST_STATE_DIR=/tmp/made /app/venv/bin/forecast-service fit --quiet \
    && mv /tmp/made/fits /app/fits && chmod -R a=rX /app/fits

# ---- build -----------------------------------------------------------------------------------------------------------
FROM packages AS build

# --build-arg EXTRAS="cluster otel parquet" adds Dask, OpenTelemetry and Arrow, or any of them, locked as the rest.
ARG EXTRAS=""
RUN --mount=type=cache,target=/root/.cache/pip \
    for name in ${EXTRAS}; do \
        /build/bin/pip --python /app/venv/bin/python install --quiet --require-hashes --only-binary :all: \
            --requirement "requirements/$name.txt" || exit 1; \
    done

COPY deploy/image/ deploy/image/
# The list of packages comes first, since it reads what is left out afterwards. strip would break the wheels' bundled
# libraries.
RUN /sbom/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
        --validate --spec-version 1.6 --output-file /app/sbom.cdx.json /app/venv/bin/python \
    && python3 deploy/image/leave_out.py /app/venv/lib/python3*/site-packages \
    && find /app/venv -name '*.so' ! -path '*.libs/*' -exec strip --strip-unneeded {} +

# Use the service once, then compile what this has imported and nothing else: the root is read-only later.
COPY --from=fits /app/fits /app/fits
RUN stdlib="$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && find "$stdlib" /app/venv -name __pycache__ -prune -exec rm -r {} + \
    && PATH=/app/venv/bin:$PATH FORECAST_FITS_DIR=/app/fits /app/venv/bin/python deploy/image/use.py \
    && /app/venv/bin/python -m compileall -q /app/venv/lib/python3*/site-packages/forecast_service \
        /app/venv/lib/python3*/site-packages/models \
    && python3 deploy/image/compile.py '/(forecast_service|models)/' "$stdlib" /app/venv/lib \
    && python3 deploy/image/root.py /root-of-image /app/venv \
    && install -d -o 10001 -g 10001 -m 0750 /state

# ---- run -------------------------------------------------------------------------------------------------------------
# What is needed of the base, without its shell, its package manager and the rest.
FROM scratch AS run

ARG BASE
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="forecast-service" \
      org.opencontainers.image.description="The probability that an ally meets NATO's 3.5 % / 1.5 % of GDP targets" \
      org.opencontainers.image.licenses="MIT" \
      forecast-service.data-licenses="Figures of NATO, SIPRI, IMF and others: /app/DATA-LICENSE.md. FORECAST_SIPRI=false leaves SIPRI's out" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=build /root-of-image /
COPY --from=build /app/venv /app/venv
COPY --from=fits /app/fits /app/fits
COPY --from=build /app/sbom.cdx.json /app/
COPY DATA-LICENSE.md /app/
# The only folder besides /tmp that the service writes to; a volume takes over its owner.
COPY --from=build --chown=10001:10001 --chmod=0750 /state /app/state

# One thread for linear algebra: workers use the other cores.
ENV PATH=/app/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    FORECAST_FITS_DIR=/app/fits \
    FORECAST_STATE_DIR=/app/state

# By number, since an orchestrator that requires a non-root user cannot look up a name.
USER 10001:10001
WORKDIR /app
VOLUME /app/state
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["/app/venv/bin/python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]

CMD ["/app/venv/bin/forecast-service", "serve", "--host", "0.0.0.0", "--port", "8000"]
