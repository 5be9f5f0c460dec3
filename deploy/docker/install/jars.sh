#!/bin/sh
# The jars that Flink needs beyond PyFlink's, by coordinates: FOLDER/flink of pom.xml's profile flink, FOLDER/s3 of
# deploy/docker/pom.xml. Usage: jars.sh FOLDER
# Done again, it does nothing while both files are the same. MAVEN_FLAGS are handed to Maven.
set -eu

folder=${1:?usage: jars.sh FOLDER}
source=$(cd "$(dirname "$0")/../../.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

copy() {
    target=$1
    shift
    rm -rf "${folder:?}/$target"
    # shellcheck disable=SC2086  # the flags are meant to be split
    mvn ${MAVEN_FLAGS:--q -B -ntp} -Dstyle.color=never "$@" dependency:copy-dependencies -DoutputDirectory="$folder/$target"
}

cat "$source/pom.xml" "$source/deploy/docker/pom.xml" >"$folder/wanted"
if ! cmp -s "$folder/wanted" "$folder/fetched"; then
    rm -f "$folder/fetched"
    copy flink -f "$source/pom.xml" -P flink
    copy s3 -f "$source/deploy/docker/pom.xml"
    cp "$folder/wanted" "$folder/fetched"
fi
rm "$folder/wanted"
