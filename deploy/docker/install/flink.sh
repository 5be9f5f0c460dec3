#!/bin/sh
# Flink's home, ROOT/opt/flink: the distribution inside the PyFlink wheel that python.sh installed, and the jars of jars.sh.
# Usage: flink.sh ROOT JARS
set -eu

root=${1:?usage: flink.sh ROOT JARS}
jars=${2:?usage: flink.sh ROOT JARS}
source=$(cd "$(dirname "$0")/../../.." && pwd)
flink=${root%/}/opt/flink
# As it is seen from a folder of Flink's home: the image may lie anywhere while it is made.
wheel=../../clickstream/venv/lib/python3.11/site-packages/pyflink

for folder in bin conf lib opt plugins; do
    rm -rf "${flink:?}/$folder"
    mkdir -p "$flink/$folder"
done
mkdir -p "$flink/log" "$flink/plugins/s3-fs-native"

# Links, because the wheel is 350 MB. The scripts are copied: they find their home by following links to themselves.
cp "$flink/bin/$wheel/bin"/* "$flink/bin/"
chmod 755 "$flink/bin"/*
for folder in lib opt; do
    for jar in "$flink/$folder/$wheel/$folder"/*.jar; do
        ln -s "$wheel/$folder/${jar##*/}" "$flink/$folder/"
    done
done
ln -s "$wheel/plugins/metrics-prometheus" "$flink/plugins/"
# An application names flink-python in opt/; jobs of a session cluster find it in lib/.
cp -P "$flink/opt"/flink-python-*.jar "$flink/lib/"

cp "$jars/flink"/*.jar "$flink/lib/"
cp "$jars/s3"/*.jar "$flink/plugins/s3-fs-native/"

cp "$source/flink-conf"/* "$flink/conf/"
# The operator puts its own file in the place of this one. Where there is none, containers reach each other by their names.
cat >>"$flink/conf/config.yaml" <<END

# --- In containers -----------------------------------------------------------------------------------------------------

jobmanager.bind-host: 0.0.0.0
taskmanager.bind-host: 0.0.0.0
rest.bind-address: 0.0.0.0
END
