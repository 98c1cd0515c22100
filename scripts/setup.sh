#!/usr/bin/env bash
# Everything `make` needs: a virtual environment in the checkout, a Docker Engine that answers, a registry, a base image.
# Safe to run at any time; does nothing, quickly, when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

debian_packages() { # the packages of a list of "command:package" whose command is missing
    local pair
    for pair in "$@"; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || printf '%s\n' "${pair##*:}"
    done
}

install_debian_packages() {
    say "Installing $* (Debian packages)"
    DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
        say "apt-get update had errors; trying with the package lists that are here"
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

stop_debian_registry() { # the package starts a service of its own on every address; Shipway starts its own when needed
    [ ! -d /run/systemd/system ] || systemctl --quiet disable --now docker-registry || true
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3; do
        if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "Shipway needs Python 3.11 or newer and none is on the PATH. Install it, or name one: PYTHON=/path/to/python3.11 make ..."
}

make_virtual_environment() {
    local python=$1 stamp=.venv/.shipway-setup wanted
    wanted=$(cat pyproject.toml constraints.txt <("$python" -V) <(pwd) | cksum)
    if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    if [ ! -x .venv/bin/python ]; then
        say "Making the virtual environment .venv with $("$python" -V)"
        if ! "$python" -c 'import ensurepip' 2>/dev/null && is_debian_root; then
            install_debian_packages python3-venv
        fi
        "$python" -m venv .venv || die "Python's venv module does not work here; on Debian: apt-get install python3-venv"
    fi
    say "Installing Shipway and what it needs into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,dev]' ||
        die "pip could not install what constraints.txt names; its message is above"
    printf '%s\n' "$wanted" >"$stamp"
}

main() {
    local missing python
    if is_debian_root; then
        missing=$(debian_packages docker-registry:docker-registry busybox:busybox-static)
        if ! docker version >/dev/null 2>&1; then
            missing+=" $(debian_packages docker:docker.io dockerd:docker.io)"
        fi
        # shellcheck disable=SC2086  # a list of words
        [ -z "${missing//[[:space:]]/}" ] || install_debian_packages $missing
        case "$missing" in *docker-registry*) stop_debian_registry ;; esac
    fi
    python=$(find_python)
    make_virtual_environment "$python"
    scripts/docker_engine.sh
    scripts/base_image.sh
}

main
