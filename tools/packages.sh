# Sourced by tools/run, tools/test and tools/coverage: finds what is missing and installs it from Debian's or Ubuntu's packages.
# Tests for the thing, not for the package, so that what came from elsewhere counts too.

lists_updated=

say() {
  printf 'corm: %s\n' "$*" >&2
}

lua_pc() {
  for name in lua5.4 lua-5.4 lua54 lua; do
    if pkg-config --exists "$name >= 5.4" "$name < 5.5"; then return 0; fi
  done
  return 1
}

# The compiler counts only with the C library's headers.
c_compiler() {
  command -v "${CC:-cc}" >/dev/null && printf '#include <stdio.h>\n' | "${CC:-cc}" -E - >/dev/null 2>&1
}

# has NEED: is it there?
has() {
  case $1 in
  c-compiler) c_compiler ;;
  lua-headers) lua_pc ;;
  sqlite-headers) pkg-config --exists sqlite3 ;;
  jansson-headers) pkg-config --exists jansson ;;
  libpq-headers) pkg-config --exists libpq ;;
  libmariadb-headers) pkg-config --exists libmariadb ;;
  cmocka-headers) pkg-config --exists cmocka ;;
  mimalloc-headers) printf '#include <mimalloc.h>\n' | "${CC:-cc}" -E - >/dev/null 2>&1 ;;
  libfuzzer) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' | clang -fsanitize=fuzzer -x c - -o /dev/null ;;
  postgresql-server) "$root/tools/servers" has postgresql ;;
  mariadb-server) "$root/tools/servers" has mariadb ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

# newest_package NAME: NAME, or the newest NAME-VERSION where there is no NAME of its own.
newest_package() {
  apt-cache pkgnames "$1" | grep -xE "$1(-[0-9.]+)?" | sort -V | { IFS= read -r plain && if [ "$plain" = "$1" ]; then
    echo "$1"
  else
    { echo "$plain"; cat; } | tail -n 1
  fi; }
}

# without_services COMMAND...: a package must not start what it brings, and its installation must not fail where nothing can be
# started. A policy of the machine's own stays as it is.
without_services() {
  policy=/usr/sbin/policy-rc.d
  if [ -e $policy ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null && $as_root chmod 755 $policy
  status=0
  "$@" || status=$?
  $as_root rm -f $policy
  return $status
}

# packages_of NEED: what provides it on Debian and Ubuntu.
packages_of() {
  case $1 in
  c-compiler) echo gcc libc6-dev ;;
  ninja) echo ninja-build ;;
  lua-headers) echo liblua5.4-dev ;;
  sqlite-headers) echo libsqlite3-dev ;;
  jansson-headers) echo libjansson-dev ;;
  libpq-headers) echo libpq-dev ;;
  libmariadb-headers) echo libmariadb-dev ;;
  cmocka-headers) echo libcmocka-dev ;;
  libfuzzer) echo "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" ;;
  mimalloc-headers) echo libmimalloc-dev ;;
  postgresql-server) echo postgresql postgresql-client ;;
  # Programs only: what starts a service is in other packages. Older systems have the version in the names.
  mariadb-server) echo "$(newest_package mariadb-server-core)" "$(newest_package mariadb-client-core)" ;;
  busted) echo lua-busted ;;
  luacheck) echo lua-check ;;
  nm) echo binutils ;;
  *) echo "$1" ;;
  esac
}

missing_of() {
  for need in "$@"; do
    if ! has "$need" 2>/dev/null; then printf '%s ' "$need"; fi
  done
}

# provide NEED...: returns when all of them are there, ends the script with status 2 when that cannot be.
provide() {
  missing=$(missing_of "$@")
  if [ -z "$missing" ]; then return 0; fi
  if ! command -v apt-get >/dev/null; then
    say "missing: $missing"
    say "this is not Debian or Ubuntu: install them with your package manager, then run this again"
    exit 2
  fi
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      say "missing: $missing"
      say "to install them, run this as root or install sudo"
      exit 2
    fi
    as_root=sudo
  fi
  : >"$packages_log"
  # Which packages there are is known after the update only.
  if [ -z "$lists_updated" ] && ! $as_root apt-get update -qq >>"$packages_log" 2>&1 </dev/null; then
    cat "$packages_log" >&2
    say "the list of packages could not be updated"
    exit 2
  fi
  lists_updated=yes
  packages=
  for need in $missing; do packages="$packages $(packages_of "$need")"; done
  say "installing${as_root:+ with sudo}:$packages"
  # shellcheck disable=SC2086 # lists of plain words
  if ! without_services $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages \
    >>"$packages_log" 2>&1 </dev/null; then
    cat "$packages_log" >&2
    say "the installation failed"
    exit 2
  fi
  # shellcheck disable=SC2086
  missing=$(missing_of $missing)
  if [ -n "$missing" ]; then
    say "still missing after the installation: $missing"
    exit 2
  fi
}

# What building the program takes.
build_needs="c-compiler cmake ninja pkg-config lua-headers sqlite-headers jansson-headers libpq-headers libmariadb-headers mimalloc-headers"
# What the checks take besides.
test_needs="lua5.4 busted luacheck cmocka-headers sqlite3 nm postgresql-server mariadb-server"
