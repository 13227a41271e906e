# Oncowire's image: one image, the command decides the role (web, beat, worker …).
# PYTHON_IMAGE can be replaced by any image with Python ≥ 3.11 and venv.
ARG PYTHON_IMAGE=python:3.12-slim-bookworm
FROM ${PYTHON_IMAGE} AS build
WORKDIR /build
COPY requirements/main.txt requirements/main.txt
RUN python3 -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/main.txt

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Oncowire" org.opencontainers.image.licenses="MIT"
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ONCOWIRE_VAR_DIR=/var/lib/oncowire ONCOWIRE_LOG_FORMAT=json ONCOWIRE_WEB_HOST=0.0.0.0
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin oncowire \
 && install -d -o 10001 -g 10001 -m 0750 /var/lib/oncowire /run/oncowire/app \
 # Each of these volumes is mounted only where it belongs; the server in there runs under an id of its own.
 && install -d -o 10001 -g 10001 -m 0755 /run/oncowire/db /run/oncowire/broker
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY alerts alerts
COPY worker worker
COPY templates templates
COPY migrations migrations
COPY LICENSE NOTICE ./
# Byte code and the tables of names, made once here and not at every start (docs/adr/0053).
RUN PYTHONDONTWRITEBYTECODE= python3 -m compileall -q alerts worker \
 && python3 -c "from alerts.facts import reader; reader()"
USER 10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["python3", "-m", "alerts.cli"]
CMD ["up"]
