# syntax=docker/dockerfile:1.7
# Collector, analytics, migration and every other command, without Flink and Java. From the root, behind make setup:
#     docker build --platform linux/amd64 -f deploy/docker/services.Dockerfile -t clickstream-services:dev .
FROM python:3.11.14-bookworm AS content
RUN --mount=type=bind,target=/source \
    export PIP_NO_CACHE_DIR=1 \
    && sh /source/deploy/docker/install/python.sh / services \
    && sh /source/deploy/docker/install/code.sh /

FROM python:3.11.14-slim-bookworm
RUN useradd --uid 9999 --user-group --home-dir /opt/clickstream --no-create-home clickstream \
    && install -d -o clickstream -g clickstream /var/lib/clickstream
COPY --from=content /opt /opt
ENV HOME=/tmp
WORKDIR /tmp
USER 9999:9999
ENTRYPOINT ["/opt/clickstream/bin/entrypoint.sh"]
