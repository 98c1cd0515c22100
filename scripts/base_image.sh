#!/usr/bin/env bash
# Makes sure that the image busybox:stable is here: pulled, or made from Debian's busybox-static where nothing can be pulled.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

IMAGE=busybox:stable
PULL_LIMIT_S=30

pull() {
    .venv/bin/python - "$PULL_LIMIT_S" docker pull --quiet "$IMAGE" <<'PYTHON'
import subprocess, sys
try:
    sys.exit(subprocess.run(sys.argv[2:], capture_output=True, timeout=float(sys.argv[1])).returncode)
except subprocess.TimeoutExpired:
    sys.exit(1)
PYTHON
}

build() {
    local busybox=$1 context
    context=$(mktemp -d)
    trap 'rm -rf "$context"' RETURN
    mkdir -p "$context"/root/{bin,etc,tmp,var/www,proc,sys,dev}
    chmod 1777 "$context/root/tmp"
    cp "$busybox" "$context/root/bin/busybox"
    local applet
    for applet in $("$busybox" --list); do
        [ "$applet" = busybox ] || ln -s busybox "$context/root/bin/$applet"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$context/root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$context/root/etc/group"
    printf 'FROM scratch\nCOPY root/ /\nENV PATH=/bin\nCMD ["sh"]\n' >"$context/Dockerfile"
    docker build --quiet --tag "$IMAGE" "$context" >/dev/null 2>&1 ||
        die "docker build could not make $IMAGE from $busybox"
}

if docker image inspect "$IMAGE" >/dev/null 2>&1; then
    exit 0
fi
say "Fetching the base image $IMAGE"
if pull; then
    exit 0
fi
busybox=$(command -v busybox || true)
if [ -z "$busybox" ] || [ "$(uname -s)" != Linux ]; then
    die "The image $IMAGE cannot be pulled, and there is no busybox here to make it from. Check the network of your Docker Engine and run this again."
fi
if ldd "$busybox" >/dev/null 2>&1; then
    die "The image $IMAGE cannot be pulled, and $busybox is not a static binary, so no image can be made from it. On Debian: apt-get install busybox-static"
fi
say "It cannot be pulled; making it from $busybox"
build "$busybox"
