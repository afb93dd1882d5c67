# Sourced: `present NAME…` says by its status whether all these parts are here. Called on every start, so it forks little.
# .toolchain/NAME.part holds the path of the part's program, then KEY=VALUE lines of the environment it needs.
present() {
  local name program=
  for name; do
    [ -f "$root/.toolchain/$name.part" ] || return 1
    read -r program <"$root/.toolchain/$name.part" || return 1
    [ -x "$program" ] && [ ! "$program" -nt "$root/.toolchain/$name.part" ] || return 1
    case $name in
      node) cmp -s "$root/toolchain/node/package-lock.json" "$root/.toolchain/node.lock" || return 1 ;;
      modules) cmp -s "$root/package-lock.json" "$root/.toolchain/modules.lock" || return 1 ;;
      references) cmp -s "$root/load-tests/bench/references/package-lock.json" "$root/.toolchain/references.lock" || return 1 ;;
      kafka) cmp -s "$root/toolchain/kafka/jars.sha256" "$root/.toolchain/kafka.lock" || return 1 ;;
      helm) cat "$root"/toolchain/helm/go.sum "$root"/toolchain/helm/strict/*.go | cmp -s - "$root/.toolchain/helm.lock" || return 1 ;;
      k6) cmp -s "$root/toolchain/k6/go.sum" "$root/.toolchain/k6.lock" || return 1 ;;
    esac
  done
}
