# syntax=docker/dockerfile:1.7
# Every job, in an application cluster of its own or in a session cluster. From the repository's root, behind make setup:
#     docker build --platform linux/amd64 -f deploy/docker/jobs.Dockerfile -t clickstream-flink:dev .
FROM maven:3.9.11-eclipse-temurin-17 AS jars
RUN --mount=type=bind,target=/source sh /source/deploy/docker/install/jars.sh /jars

# With a compiler, which some packages of PyFlink want.
FROM python:3.11.14-bookworm AS content
RUN --mount=type=bind,target=/source --mount=type=bind,from=jars,source=/jars,target=/jars \
    export PIP_NO_CACHE_DIR=1 \
    && sh /source/deploy/docker/install/python.sh / jobs \
    && sh /source/deploy/docker/install/flink.sh / /jars \
    && sh /source/deploy/docker/install/code.sh /

FROM python:3.11.14-slim-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless procps \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 9999 --user-group --home-dir /opt/flink --no-create-home flink \
    && install -d -o flink -g flink /var/lib/flink /var/lib/clickstream
COPY --from=content /opt /opt
RUN chown flink:flink /opt/flink/log
ENV FLINK_HOME=/opt/flink HOME=/tmp
WORKDIR /tmp
USER 9999:9999
ENTRYPOINT ["/opt/clickstream/bin/entrypoint.sh"]
