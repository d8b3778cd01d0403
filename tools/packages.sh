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
  cmocka-headers) pkg-config --exists cmocka ;;
  *) command -v "$1" >/dev/null ;;
  esac
}

# packages_of NEED: what provides it on Debian and Ubuntu.
packages_of() {
  case $1 in
  c-compiler) echo gcc libc6-dev ;;
  ninja) echo ninja-build ;;
  lua-headers) echo liblua5.4-dev ;;
  sqlite-headers) echo libsqlite3-dev ;;
  jansson-headers) echo libjansson-dev ;;
  cmocka-headers) echo libcmocka-dev ;;
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
  packages=
  for need in $missing; do packages="$packages $(packages_of "$need")"; done
  say "installing${as_root:+ with sudo}:$packages"
  # shellcheck disable=SC2086 # lists of plain words
  if ! { { [ -n "$lists_updated" ] || $as_root apt-get update -qq; } &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } \
    >"$packages_log" 2>&1 </dev/null; then
    cat "$packages_log" >&2
    say "the installation failed"
    exit 2
  fi
  lists_updated=yes
  # shellcheck disable=SC2086
  missing=$(missing_of $missing)
  if [ -n "$missing" ]; then
    say "still missing after the installation: $missing"
    exit 2
  fi
}

# What building the program takes.
build_needs="c-compiler cmake ninja pkg-config lua-headers sqlite-headers jansson-headers"
# What the checks take besides.
test_needs="lua5.4 busted luacheck cmocka-headers sqlite3 nm"
