# The service with its fits, so that it is ready in seconds. The tools of the first stage do not ship.
#
#   docker build --tag forecast-service .
#   docker run --read-only --tmpfs /tmp --volume state:/app/state --publish 127.0.0.1:8000:8000 \
#     --env FORECAST_AUTH=api-key forecast-service
#
# It listens on all addresses of its container, so it does not start without FORECAST_AUTH. See docs/deployment.md.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# ---- build -----------------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${BASE} AS build

ENV PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1

# Two environments, so that no pip and no setuptools ship.
RUN python3 -m venv /build && python3 -m venv --without-pip /app/venv

WORKDIR /src
COPY requirements/ requirements/
# Locked versions with hashes; only wheels, so nothing is compiled.
# --build-arg EXTRA=requirements/cluster.txt adds Dask.
ARG EXTRA=""
RUN --mount=type=cache,target=/root/.cache/pip \
    /build/bin/pip install --quiet --require-hashes --requirement requirements/build.txt \
    && /build/bin/pip --python /app/venv/bin/python install --quiet --require-hashes --only-binary :all: \
        --requirement requirements/runtime.txt ${EXTRA:+--requirement "$EXTRA"}

COPY pyproject.toml README.md LICENSE DATA-LICENSE.md ./
COPY forecast_service/ forecast_service/
COPY models/ models/
# Drop the packages' tests, and translations of what are no countries, and compile the rest here, since the root is read-only later. unchecked-hash ignores the
# files' times and sources.
RUN /build/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir /wheel . \
    && /build/bin/pip --python /app/venv/bin/python install --quiet --no-deps --no-index /wheel/*.whl \
    && find /app/venv -depth -type d -name tests -exec rm -r {} + \
    && find /app/venv -path '*/pycountry/locales/*' -name '*.mo' ! -name iso3166-1.mo -delete \
    && /app/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /app/venv/lib

# Make the fits, which take most of a cold start. This also shows that the installed files suffice.
RUN FORECAST_STATE_DIR=/tmp/made /app/venv/bin/forecast-service fit --quiet \
    && mv /tmp/made/fits /app/fits && chmod -R a=rX /app/fits

# ---- run -------------------------------------------------------------------------------------------------------------
# hadolint ignore=DL3006
FROM ${BASE} AS run

ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="forecast-service" \
      org.opencontainers.image.description="The probability that an ally meets NATO's 3.5 % / 1.5 % of GDP targets" \
      org.opencontainers.image.licenses="MIT" \
      forecast-service.data-licenses="Figures of NATO, SIPRI, IMF and others: /app/DATA-LICENSE.md. FORECAST_SIPRI=false leaves SIPRI's out" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The only folder besides /tmp that the service writes to; a volume takes over its owner.
RUN install -d -o 10001 -g 10001 -m 0750 /app/state

COPY --from=build /app/venv /app/venv
COPY --from=build /app/fits /app/fits
COPY DATA-LICENSE.md /app/

# One thread for linear algebra: workers use the other cores.
ENV PATH=/app/venv/bin:$PATH \
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
