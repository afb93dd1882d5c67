# Sourced: one function a part. Each leaves .toolchain/NAME.part behind as its last act and prints what it found.

note() { # note NAME PROGRAM [KEY=VALUE…]
  printf '%s\n' "${@:2}" >"$here/$1.part.new"
  mv "$here/$1.part.new" "$here/$1.part"
}

at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; } # at_least WANTED HAVE

npm_ci() { # npm_ci DIR: exactly what the lock file says, hashes compared, no package's scripts run
  command -v npm >/dev/null || give_up "no npm: Node 20 or newer is needed to begin with"
  [ -w "${npm_config_cache:-${HOME:-/}}" ] || export npm_config_cache="$here/npm-cache"
  (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --fetch-timeout=60000 --fetch-retries=2)
}

# Node 24, whose uWebSockets.js binary needs glibc 2.38. An older system gets Debian 13's libc beside it, for this Node alone.
part_node() {
  local system glibc libs interpreter triple
  cp "$root/toolchain/node/package-lock.json" "$here/node.lock.new"
  mv "$here/node.lock.new" "$here/node.lock"
  glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed 's/glibc //')
  system=$(command -v node || true)
  if [ -n "$system" ] && [ "$("$system" -p 'process.versions.modules')" = 137 ] && { [ "$(uname -s)" != Linux ] || at_least 2.38 "${glibc:-0}"; }; then
    note node "$(readlink -f "$system")"
    echo "the system's own Node $("$system" -p process.version)"
    return
  fi
  [ -n "$glibc" ] || give_up "Node 24 is needed, and a system with glibc to bring it along"
  mkdir -p "$here/npm" "$here/bin"
  cp "$root"/toolchain/node/package*.json "$here/npm/"
  npm_ci "$here/npm" &
  local npm=$!
  if ! at_least 2.38 "$glibc"; then
    triple=$(arch_triple)
    unpack libc trixie - libc6 &
    local libc=$!
    command -v patchelf >/dev/null || unpack patchelf system 'libstdc' patchelf
    wait "$libc"
    libs="$here/libc/usr/lib/$triple"
    interpreter=$(echo "$libs"/ld-linux-*.so.*)
  fi
  wait "$npm"
  cp "$here"/npm/node_modules/node-linux-*/bin/node "$here/bin/node.new"
  if [ -n "${interpreter:-}" ]; then
    PATH="$PATH:$here/patchelf/usr/bin" patchelf --set-interpreter "$interpreter" --set-rpath "$libs:/usr/lib/$triple:/lib/$triple" "$here/bin/node.new"
  fi
  "$here/bin/node.new" -e 0
  mv "$here/bin/node.new" "$here/bin/node"
  rm -rf "$here/npm/node_modules" "$here/patchelf"
  note node "$here/bin/node"
  echo "Node $("$here/bin/node" -p process.version), unpacked${libs:+ with its own libc}"
}

# npm packages. What somebody just installed by hand to the same lock file is left as it is.
part_modules() {
  local same='const a = require("./package-lock.json").packages, b = require("./node_modules/.package-lock.json").packages;
    process.exit(Object.entries(a).every(([k, v]) => !k || (b[k] ? b[k].version === v.version && b[k].integrity === v.integrity : v.optional)) ? 0 : 1)'
  cp "$root/package-lock.json" "$here/modules.lock.new"
  (cd "$root" && node -e "$same") 2>/dev/null || { rm -f "$here/modules.lock" && npm_ci "$root"; }
  mv "$here/modules.lock.new" "$here/modules.lock"
  note modules "$root/node_modules"
  echo "$(grep -c '"version"' "$root/node_modules/.package-lock.json") npm packages"
}

part_redis() {
  local system
  system=$(command -v redis-server || true)
  if [ -n "$system" ] && at_least 7.0 "$("$system" --version | sed -E 's/.* v=([0-9.]+).*/\1/')"; then
    note redis "$system"
    echo "the system's own, $("$system" --version | cut -d' ' -f3)"
    return
  fi
  unpack redis system 'adduser|lsb-base|init-system-helpers|procps|sysvinit-utils' redis-server redis-tools
  local libs
  libs=$(libraries redis)
  LD_LIBRARY_PATH=$libs "$here/redis/usr/bin/redis-server" --version >/dev/null
  note redis "$here/redis/usr/bin/redis-server" "LD_LIBRARY_PATH=$libs"
  tail_note redis
}

part_haproxy() {
  local system libs
  system=$(command -v haproxy || true)
  if [ -n "$system" ] && at_least 2.6 "$("$system" -v | sed -nE '1s/.*version ([0-9.]+).*/\1/p')"; then
    note haproxy "$system"
    echo "the system's own, $("$system" -v | head -n 1)"
    return
  fi
  unpack haproxy system 'adduser|lsb-base|init-system-helpers|passwd|sysvinit-utils' haproxy
  libs=$(libraries haproxy)
  LD_LIBRARY_PATH=$libs "$here/haproxy/usr/sbin/haproxy" -v >/dev/null
  note haproxy "$here/haproxy/usr/sbin/haproxy" "LD_LIBRARY_PATH=$libs"
  tail_note haproxy
}

libraries() { # libraries NAME: LD_LIBRARY_PATH for an unpacked part, every folder of it that holds libraries
  find "$here/$1" -maxdepth 5 -path "*/lib/$(arch_triple)*" -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd: -
}

tail_note() { echo "$(wc -l <"$here/$1/packages.sha256") Debian packages, $(du -sh "$here/$1" | cut -f1) unpacked"; }

part_postgres() {
  local dir
  for dir in /usr/lib/postgresql/15/bin "$(dirname "$(command -v postgres || echo /)")"; do
    [ -x "$dir/initdb" ] && "$dir/postgres" --version | grep -q ' 15\.' || continue
    note postgres "$dir/postgres"
    echo "the system's own, $("$dir/postgres" --version)"
    return
  done
  unpack postgres system 'libllvm|libz3|perl|libperl|libgdbm|libjson-perl|libc-l10n|readline-common|ssl-cert|openssl|postgresql-c.*common|systemd|dbus|libpq-dev|locales|netbase|sensible|ucf|adduser|debconf|lsb' \
    postgresql-15 postgresql-client-15 libpq5
  local libs
  libs=$(libraries postgres)
  dir="$here/postgres/usr/lib/postgresql/15/bin"
  LD_LIBRARY_PATH=$libs "$dir/postgres" --version >/dev/null
  note postgres "$dir/postgres" "LD_LIBRARY_PATH=$libs"
  tail_note postgres
}

part_chromium() {
  local system
  system=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
  if [ -n "$system" ] && "$system" --version >/dev/null 2>&1; then
    note chromium "$system"
    echo "the system's own, $("$system" --version)"
    return
  fi
  unpack chromium system 'adwaita|gtk-update|hicolor|libgtk-3-common|xdg-utils|sgml|libgl1-mesa|libglx-mesa|libllvm|libz3|libsystemd|systemd|libpam|dbus[=-]|dmsetup|x11-|perl|at-spi2-common' chromium chromium-common fonts-dejavu-core
  local tree="$here/chromium" libs
  libs=$(libraries chromium)
  mkdir -p "$tree/fontcache"
  printf '<?xml version="1.0"?>\n<fontconfig><dir>%s</dir><dir>/usr/share/fonts</dir><cachedir>%s</cachedir></fontconfig>\n' \
    "$tree/usr/share/fonts" "$tree/fontcache" >"$tree/fonts.conf"
  LD_LIBRARY_PATH=$libs "$tree/usr/lib/chromium/chromium" --version >/dev/null
  note chromium "$tree/usr/lib/chromium/chromium" "LD_LIBRARY_PATH=$libs" "FONTCONFIG_FILE=$tree/fonts.conf"
  tail_note chromium
}

# Prometheus and promtool: the programs alone. Its pages need scripts and fonts that nothing here looks at.
part_prometheus() {
  local system
  system=$(command -v prometheus || true)
  if [ -n "$system" ] && [ -x "$(dirname "$(readlink -f "$system")")/promtool" ] && at_least 2.42 "$(prometheus_version "$system")"; then
    note prometheus "$(readlink -f "$system")"
    echo "the system's own, $(prometheus_version "$system")"
    return
  fi
  unpack prometheus system "$beside_servers|libjs-|fonts-|node-|prometheus-node-exporter|smartmontools|moreutils" prometheus
  "$here/prometheus/usr/bin/promtool" --version >/dev/null
  note prometheus "$here/prometheus/usr/bin/prometheus"
  tail_note prometheus
}

# Alertmanager and amtool, which ask and check its configuration.
part_alertmanager() {
  local system
  system=$(command -v alertmanager || command -v prometheus-alertmanager || true)
  if [ -n "$system" ] && [ -x "$(dirname "$(readlink -f "$system")")/amtool" ] && at_least 0.25 "$(prometheus_version "$system")"; then
    note alertmanager "$(readlink -f "$system")"
    echo "the system's own, $(prometheus_version "$system")"
    return
  fi
  unpack alertmanager system "$beside_servers|libjs-|fonts-" prometheus-alertmanager
  "$here/alertmanager/usr/bin/amtool" --version >/dev/null
  note alertmanager "$here/alertmanager/usr/bin/prometheus-alertmanager"
  tail_note alertmanager
}

# What packages of servers bring along for those who install them.
beside_servers='adduser|passwd|debconf|ucf|lsb-base|init-system-helpers|daemon|sysvinit-utils|systemd|dbus|tzdata'

prometheus_version() { "$1" --version 2>&1 | sed -nE '1s/.*version ([0-9.]+).*/\1/p'; }

# A Kafka broker: a JRE, and the jars of toolchain/kafka/jars.sha256 from Maven Central. Where Central is, Maven itself says.
part_kafka() {
  local java pom=/usr/share/java/maven3-model-builder.jar link
  java=$(command -v java || true)
  if [ -n "$java" ] && at_least 17 "$("$java" -version 2>&1 | sed -nE 's/.*version "([0-9.]+).*/\1/p')"; then
    java=$(readlink -f "$java")
  else
    unpack jre system '[a-np-z]|o[^p]|openssl' openjdk-17-jre-headless
    java=$(echo "$here"/jre/usr/lib/jvm/java-17-openjdk-*/bin/java)
    # What it configures lies in /etc.
    find "$here/jre" -type l -lname '/etc/java-17-openjdk/*' | while read -r link; do
      cp --remove-destination "$here/jre$(readlink "$link")" "$link"
    done
    "$java" -version
  fi
  if [ ! -r "$pom" ]; then
    unpack maven system '[a-km-z]|l[^i]|lib[^m]|libmaven-' libmaven3-core-java
    pom="$here/maven$pom"
  fi
  rm -rf "$here/kafka" && mkdir -p "$here/kafka/libs"
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  fi
  node "$root/toolchain/kafka/jars.mjs" "$root/toolchain/kafka/jars.sha256" "$pom" "$here/kafka/libs"
  "$java" -cp "$here/kafka/libs/*" kafka.Kafka --version
  cp "$root/toolchain/kafka/jars.sha256" "$here/kafka.lock.new"
  mv "$here/kafka.lock.new" "$here/kafka.lock"
  note kafka "$java" "KAFKA_CLASSPATH=$here/kafka/libs/*"
  echo "$(ls "$here/kafka/libs" | wc -l) jars, $(du -sh "$here/kafka" | cut -f1); $("$java" -version 2>&1 | head -n 1)"
}

# k6, built from its source: every module is compared with the hashes in toolchain/k6/go.sum. Where the user has Go, its
# caches are used and a build that was made before is found again; a Go older than k6 wants fetches the newer one itself.
part_k6() {
  local version
  mkdir -p "$here/k6"
  build_go k6 "$here/k6/k6.new" go.k6.io/k6
  version=$("$here/k6/k6.new" version)
  mv "$here/k6/k6.new" "$here/k6/k6"
  cp "$root/toolchain/k6/go.sum" "$here/k6.lock.new"
  mv "$here/k6.lock.new" "$here/k6.lock"
  note k6 "$here/k6/k6"
  echo "built from source: ${version#* }"
}

# Helm, and what decodes manifests as strictly as the API server does: built from their source like k6.
part_helm() {
  mkdir -p "$here/helm"
  build_go helm "$here/helm/new/" helm.sh/helm/v4/cmd/helm ./strict
  "$here/helm/new/helm" version --short
  mv "$here/helm/new/strict" "$here/helm/new/helm" "$here/helm/"
  cat "$root"/toolchain/helm/go.sum "$root"/toolchain/helm/strict/*.go >"$here/helm.lock.new"
  mv "$here/helm.lock.new" "$here/helm.lock"
  note helm "$here/helm/helm"
  echo "built from source: $(sed -nE 's|.*helm.sh/helm/v4 (v[0-9.]+).*|\1|p' "$root/toolchain/helm/go.mod")"
}

build_go() ( # build_go FOLDER OUTPUT PACKAGE…: modules of toolchain/FOLDER; one build after the other, they share a Go
  local folder=$1 output=$2 go caches=()
  shift 2
  if command -v flock >/dev/null; then
    exec 8>"$here/go.lock"
    flock 8
  fi
  go=$(command -v go || true)
  if [ -z "$go" ] || ! at_least 1.21 "$("$go" env GOVERSION | sed 's/^go//')"; then
    [ -x "$here/golang/usr/lib/go-1.24/bin/go" ] || unpack golang trixie - golang-1.24-go golang-1.24-src
    go="$here/golang/usr/lib/go-1.24/bin/go"
    export GOROOT="$here/golang/usr/lib/go-1.24"
  fi
  [ -w "${HOME:-/nowhere}" ] || caches=("GOCACHE=$here/go/build" "GOPATH=$here/go" "GOENV=off")
  (cd "$root/toolchain/$folder" && env "${caches[@]}" CGO_ENABLED=0 GOTOOLCHAIN=auto GOFLAGS=-mod=readonly GOWORK=off \
    nice -n 19 "$go" build -trimpath -ldflags='-s -w' -o "$output" "$@")
)

# npm packages that the benchmark measures this project against, and nothing of the project imports.
part_references() {
  local name=load-tests/bench/references
  mkdir -p "$here/references"
  rm -f "$here/references.lock"
  cp "$root/$name"/package*.json "$here/references/"
  npm_ci "$here/references"
  cp "$root/$name/package-lock.json" "$here/references.lock.new"
  mv "$here/references.lock.new" "$here/references.lock"
  note references "$here/references"
  echo "$(grep -c '"version"' "$here/references/node_modules/.package-lock.json") npm packages"
}
