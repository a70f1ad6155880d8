# syntax=docker/dockerfile:1
# How to build, and how to pin the digest of the base image: docs/deployment.md.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- What is needed to build stays here.
FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The locks first: this layer is built anew only where they changed.
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/lumbar-mri-cds && \
    /opt/lumbar-mri-cds/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
RUN python -m venv backend && \
    backend/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements-build.lock

COPY pyproject.toml README.md LICENSE NOTICE ./
COPY cards cards
COPY cds_service cds_service
RUN backend/bin/python -m pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist .
RUN /opt/lumbar-mri-cds/bin/pip install --no-deps --no-index dist/*.whl && \
    /opt/lumbar-mri-cds/bin/python -m compileall -q /opt/lumbar-mri-cds/lib && \
    /opt/lumbar-mri-cds/bin/pip check && \
    /opt/lumbar-mri-cds/bin/lumbar-mri-cds check && \
    /opt/lumbar-mri-cds/bin/pip uninstall --yes pip setuptools

# --- What runs.
FROM ${PYTHON_IMAGE}
ARG VERSION=local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="lumbar-mri-cds" \
      org.opencontainers.image.description="CDS Hooks service that checks lumbar spine MRI orders" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=build /opt/lumbar-mri-cds /opt/lumbar-mri-cds
COPY deploy/health_check.py /opt/lumbar-mri-cds/health_check.py

# A number and no name: an orchestrator can see that it is not root.
RUN mkdir /data && chown 10001:10001 /data && chmod 0700 /data
USER 10001:10001
WORKDIR /data
VOLUME /data

# Nothing but /data and the folders in memory (/tmp, /dev/shm) is written, so the root can be read-only.
# No client is named here, so without CDS_CLIENTS the service refuses to start where others can call.
ENV PATH=/opt/lumbar-mri-cds/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CDS_HOST=0.0.0.0 \
    CDS_PORT=8080 \
    CDS_DATABASE_URL=sqlite:////data/lumbar-mri-cds.sqlite3

EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/lumbar-mri-cds/health_check.py"]
CMD ["lumbar-mri-cds", "serve"]
