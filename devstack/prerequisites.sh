#!/bin/sh
# Says in one line what is missing before anything is installed. Usage: prerequisites.sh PYTHON
python=${1:-python3.11}

fail() {
    echo "clickstream: $1" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    fail "$python not found: install Python 3.11 (Debian: apt-get install python3.11 python3.11-venv), or name it: make PYTHON=/path/to/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    fail "$python is $("$python" -V 2>&1): PyFlink's packages are pinned for Python 3.11; name another one: make PYTHON=/path/to/python3.11"
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "$python has no venv module (Debian: apt-get install python3.11-venv)"
[ -z "$JAVA_HOME" ] || [ -x "$JAVA_HOME/bin/java" ] ||
    fail "JAVA_HOME is $JAVA_HOME, where there is no bin/java: let it name a JDK 17, or unset it"
[ -n "$JAVA_HOME" ] || command -v java >/dev/null 2>&1 ||
    fail "java not found: install JDK 17 (Debian: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME"
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
major=$("$java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${major:-0}" -ge 17 ] ||
    fail "$java is version ${major:-unknown}: Flink 2.3 and Kafka 4 need JDK 17 (Debian: apt-get install openjdk-17-jdk-headless)"
"$java" --list-modules 2>/dev/null | grep -q '^jdk.compiler' ||
    fail "$java has no compiler, so it is a JRE: install the JDK (Debian: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME"
command -v mvn >/dev/null 2>&1 ||
    fail "mvn not found: Maven fetches the jars (Debian: apt-get install maven)"
node='install Node.js 20 or newer (Debian 13: apt-get install nodejs npm; elsewhere: nodejs.org)'
command -v node >/dev/null 2>&1 || fail "node not found, which builds the browser's script: $node"
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "${major:-0}" -ge 20 ] || fail "node is $(node --version): $node"
command -v npm >/dev/null 2>&1 || fail "npm not found, which comes with Node.js: $node"
