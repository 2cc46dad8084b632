# For the examples' run scripts, which source it: sets root and java, and builds. Not to be run by itself.
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
command -v "$java" > /dev/null || { echo "run: no '$java' found; install Java 17 or newer, or set JAVA_HOME" >&2; exit 1; }

build() { # example jar: builds the jar if it is missing, or something that it is made of is newer
    if [ -f "$2" ] && [ -z "$(find "$root/pom.xml" "$root/examples/pom.xml" "$root/examples/$1"/{pom.xml,src/main} "$root"/ha-*/{pom.xml,src/main} -newer "$2" -type f -print -quit)" ]; then
        return
    fi
    command -v mvn > /dev/null || { echo "run: no 'mvn' found, and the example has to be built first; install Maven 3.8 or newer" >&2; exit 1; }
    echo "run: building (the first time this takes a few minutes)" >&2
    mvn -q -Dstyle.color=never -f "$root/pom.xml" -pl "examples/$1" -am -DskipTests -Dspotless.check.skip=true package >&2
    touch "$2"
}
