# Sourced: unpacks Debian packages without installing them. apt keeps its lists and cache in .toolchain/apt/ and
# verifies signatures as always; the system's packages are only read, to know which libraries are already there.

give_up() { echo "because: $*"; exit 1; }

arch_triple() { case $(uname -m) in x86_64) echo x86_64-linux-gnu ;; aarch64) echo aarch64-linux-gnu ;; *) give_up "no parts for $(uname -m)" ;; esac; }

system_sources() { # system_sources CODENAME DIR: the distribution's own entries, without anybody else's repositories
  local files=() file
  for file in /etc/apt/sources.list.d/*.sources; do [ -r "$file" ] && files+=("$file"); done
  ((${#files[@]} == 0)) || awk -v code="$1" 'BEGIN { RS = ""; ORS = "\n\n" } {
      wanted = main = 0
      n = split($0, line, "\n")
      for (i = 1; i <= n; i++) {
        if (line[i] ~ /^Suites:/ && (line[i] " ") ~ ("[ \t]" code "(-updates|-security)?[ \t]")) wanted = 1
        if (line[i] ~ /^Components:.*[ \t]main/) main = 1
        if (line[i] ~ /^Enabled:[ \t]*no/) main = -9
      }
      if (wanted + main == 2) print
    }' "${files[@]}" >"$2/system.sources"
  files=()
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do [ -r "$file" ] && files+=("$file"); done
  ((${#files[@]} == 0)) || grep -hE "^deb .*[[:space:]]$1(-updates|-security)?[[:space:]].*main" "${files[@]}" >"$2/system.list" || true
}

first_mirror() { # first_mirror CODENAME DIR: of the entries that system_sources wrote
  awk -v code="$1" '/^URIs:/ { uri = $2 } /^Suites:/ && ($0 " ") ~ ("[ \t]" code "[ \t]") { hit = 1 } !NF { if (hit) exit; uri = "" }
    END { if (hit) print uri }' "$2/system.sources" 2>/dev/null | grep . ||
    sed -nE "s/^deb (\[[^]]*\] *)?([^ ]+) +$1 .*/\2/p" "$2/system.list" 2>/dev/null | head -n 1
}

apt_with() { # apt_with SUITE ARGUMENT…: apt-get with sources, lists and cache of its own; SUITE is `system` or a newer release
  apt-get -c "$here/apt/$1/apt.conf" "${@:2}"
}

sources() { # sources SUITE DIR: what apt may read. `system`: as the system has it; else that release, from the system's mirror
  local codename mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  system_sources "$codename" "$2"
  [ "$1" != system ] || return 0
  mirror=$(first_mirror "$codename" "$2")
  rm -f "$2"/*
  [ -n "$mirror" ] || give_up "no Debian mirror in the apt sources"
  [ -r "$keyring" ] || give_up "no debian-archive-keyring, so nothing of Debian $1 could be verified"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$1" "$keyring" >"$2/newer.sources"
}

settings() { # settings DIR: apt.conf for lists and cache of our own
  cat <<CONF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/sources";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Debug::NoLocking "1";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
CONF
}

lists() { # lists SUITE [again]: package lists of this hour. Others may be reading: what stays the same is not touched
  local dir="$here/apt/$1"
  command -v apt-get >/dev/null || give_up "no apt-get"
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  (
    flock 8
    rm -rf "$dir/new" && mkdir -p "$dir/new/sources"
    sources "$1" "$dir/new/sources"
    settings "$dir" >"$dir/new/apt.conf"
    if ! diff -rq "$dir/new/sources" "$dir/sources" >/dev/null 2>&1 || ! cmp -s "$dir/new/apt.conf" "$dir/apt.conf"; then
      rm -rf "$dir/sources" "$dir/updated"
      mv "$dir/new/sources" "$dir/new/apt.conf" "$dir/"
    fi
    [ "${2:-}" != again ] && [ -n "$(find "$dir/updated" -mmin -60 2>/dev/null)" ] && exit 0
    apt_with "$1" -q update && touch "$dir/updated"
  ) 8>"$dir/lock"
}

needed() { # needed SUITE PACKAGE…: NAME=VERSION of these packages and of what they need beyond the system's own
  apt_with "$1" install --no-install-recommends --reinstall --print-uris -y -qq "${@:2}" |
    sed -nE "s/^'[^']+' ([^_ ]+)_([^_ ]+)_[^ ]+ .*/\1=\2/p" | sed 's/%3a/:/g'
}

unpack() { # unpack NAME SUITE LEAVE_OUT PACKAGE…: into .toolchain/NAME, at once or not at all; LEAVE_OUT is a pattern of names
  local name=$1 suite=$2 leave_out=$3 packages deb
  local dir="$here/unpacking/$name"
  lists "$suite"
  rm -rf "$dir" && mkdir -p "$dir/debs" "$dir/root"
  if [ "$suite" = system ]; then packages=$(needed "$suite" "${@:4}" | grep -vE "^($leave_out)"); else packages="${*:4}"; fi
  cd "$dir/debs"
  # shellcheck disable=SC2086
  apt_with "$suite" -q download $packages || { lists "$suite" again && apt_with "$suite" -q download $packages; }
  sha256sum ./*.deb >"$dir/root/packages.sha256"
  for deb in ./*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
  cd "$root"
  rm -rf "${here:?}/$name" && mv "$dir/root" "$here/$name"
  du -ck "$dir/debs"/*.deb | awk -v name="$name" 'END { print name ": " $1 " KiB in " NR - 1 " Debian packages" }'
  rm -rf "$dir"
}
