#!/usr/bin/env bash
# Makes sure that a Docker Engine answers; starts Debian's own when it may.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/say.sh

PID_FILE=/var/run/docker.pid
LOG_FILE=/var/log/dockerd.log
START_LIMIT_S=60

remove_stale_pid_file() { # dockerd refuses to start while the file of one that died without cleaning up is there
    local pid
    pid=$(cat "$PID_FILE" 2>/dev/null) || return 0
    if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != dockerd ]; then
        rm -f "$PID_FILE"
    fi
}

start_docker_engine() {
    if [ -d /run/systemd/system ]; then
        systemctl start docker
        return
    fi
    remove_stale_pid_file
    setsid nohup dockerd >>"$LOG_FILE" 2>&1 </dev/null &
    dockerd=$!
}

gave_up() {
    [ -n "$dockerd" ] && ! kill -0 "$dockerd" 2>/dev/null
}

dockerd=
if docker version >/dev/null 2>&1; then
    exit 0
fi
if [ -n "${DOCKER_HOST:-}" ] || ! is_debian_root; then
    die "No Docker Engine answers ($(docker version 2>&1 | tail -1)). Start Docker Desktop or dockerd, or check that your user may use its socket; then run this again."
fi
say "Starting the Docker Engine"
start_docker_engine
for ((second = 0; second < START_LIMIT_S; second++)); do
    if docker version >/dev/null 2>&1; then
        exit 0
    fi
    ! gave_up || break
    sleep 1
done
die "The Docker Engine did not start. Its last words, from $LOG_FILE: $(tail -n 2 "$LOG_FILE" 2>/dev/null)"
