#!/usr/bin/env bash
# Installs the packages that are missing, or names them where it cannot.
#   tools/install-deps.sh [--check] SET...
# Sets: run (build and run the program), gpu (compile the kernels), test (build and run the tests),
# check (sanitizers, formatting). --check installs nothing and fails when something is missing.
set -euo pipefail

# One word a package; "a|b" takes the first that is installed, else the first that can be had.
declare -A lists=(
  [debian run]='g++ cmake ninja-build ccache python3 python3-pip
    libboost1.81-dev|libboost1.83-dev|libboost1.88-dev|libboost1.90-dev
    libcli11-dev libspdlog-dev libfmt-dev libpcre2-dev libre2-dev libutf8proc-dev libhwy-dev libzstd-dev
    libedit-dev'
  [debian gpu]='clang-19 lld-19 llvm-19 zstd'
  [debian test]='libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev libvalijson-dev zstd
    python3-jinja2 chromium|chromium-browser'
  [debian check]='git clang-19 clang-format-19 libclang-rt-19-dev shellcheck'

  [fedora run]='gcc-c++ cmake ninja-build ccache python3 python3-pip boost-devel cli11-devel
    spdlog-devel fmt-devel pcre2-devel re2-devel utf8proc-devel highway-devel libzstd-devel libedit-devel'
  [fedora gpu]='clang19 lld19 llvm19 zstd'
  [fedora test]='gtest-devel gmock-devel google-benchmark-devel rapidcheck-devel valijson-devel zstd
    python3-jinja2 chromium'
  [fedora check]='git clang clang-tools-extra compiler-rt ShellCheck'

  [arch run]='gcc cmake ninja ccache python python-pip boost cli11 spdlog fmt pcre2 re2
    libutf8proc highway zstd libedit'
  [arch gpu]='clang19 lld19 llvm19 zstd'
  [arch test]='gtest benchmark rapidcheck valijson zstd python-jinja nginx chromium'
  [arch check]='git clang compiler-rt shellcheck'
)

die() {
  printf 'install-deps: %s\n' "$*" >&2
  exit 1
}

check_only=no
sets=()
for arg in "$@"; do
  case $arg in
    --check) check_only=yes ;;
    run | gpu | test | check) sets+=("$arg") ;;
    *) die "unknown argument '$arg' (sets: run, gpu, test, check)" ;;
  esac
done
[ ${#sets[@]} -gt 0 ] || die 'name a set: run, gpu, test, check'
[ "${ROCMFORGE_SKIP_DEPS:-}" != 1 ] || exit 0 # everything was built by hand

if command -v dpkg-query > /dev/null; then
  family=debian
elif command -v pacman > /dev/null; then
  family=arch
elif command -v rpm > /dev/null; then
  family=fedora
else
  die "this system has none of dpkg, rpm and pacman. Install what the README lists, then set ROCMFORGE_SKIP_DEPS=1"
fi

wanted=()
for set in "${sets[@]}"; do
  read -r -d '' -a words <<< "${lists[$family $set]}" || true
  wanted+=("${words[@]}")
done

# missing_debian: prints the words of wanted that no installed package satisfies; one query for all.
missing_debian() {
  local -A installed=()
  local name word alternative asked
  read -r -d '' -a asked <<< "${wanted[*]//|/ }" || true
  while read -r name; do
    installed[$name]=1
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${asked[@]}" 2> /dev/null |
    sed -n 's/^installed //p')
  for word in "${wanted[@]}"; do
    for alternative in ${word//|/ }; do
      [ -z "${installed[$alternative]:-}" ] || continue 2
    done
    printf '%s\n' "$word"
  done
}

missing() {
  case $family in
    debian) missing_debian ;;
    arch) pacman -T "${wanted[@]}" || true ;;
    fedora)
      for name in "${wanted[@]}"; do
        rpm -q --whatprovides "$name" > /dev/null 2>&1 || printf '%s\n' "$name"
      done
      ;;
  esac
}

mapfile -t absent < <(missing)
[ ${#absent[@]} -gt 0 ] || exit 0

case $family in
  arch) die "missing packages. Install them with: sudo pacman -S --needed ${absent[*]}" ;;
  fedora) die "missing packages. Install them with: sudo dnf install ${absent[*]}" ;;
esac
if [ "$check_only" = yes ]; then
  die "missing packages: ${absent[*]}. 'make deps' installs them"
fi

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null ||
    die "missing packages, and neither root nor sudo to install them: ${absent[*]}"
  sudo true || die "sudo refused. Have an administrator run: apt-get install ${absent[*]}"
  sudo=(sudo)
fi

# choose: prints one installable name for each missing word; fails, naming it, when there is none.
choose() {
  local word alternative
  for word in "${absent[@]}"; do
    for alternative in ${word//|/ }; do
      if apt-cache show --no-all-versions "$alternative" > /dev/null 2>&1; then
        printf '%s\n' "$alternative"
        continue 2
      fi
    done
    printf '%s\n' "$word" >&2
    return 1
  done
}

# --no-remove: a package of the user's that conflicts (another Boost) is theirs to take away.
apt_install() {
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends --no-remove "${packages[@]}" >&2
}
apt_update() {
  "${sudo[@]}" apt-get update -q >&2 || printf 'install-deps: apt-get update failed; going on\n' >&2
}

printf 'install-deps: installing %s\n' "${absent[*]}" >&2
updated=no
if ! choose > /dev/null 2>&1; then
  apt_update
  updated=yes
fi
names=$(choose) || die "no such package on this system; see the README for its name elsewhere"
mapfile -t packages <<< "$names"
if ! apt_install; then
  [ "$updated" = no ] || die "apt-get could not install: ${packages[*]}"
  apt_update # a stale list names versions that are gone
  apt_install || die "apt-get could not install: ${packages[*]}"
fi
