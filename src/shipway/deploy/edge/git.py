"""The commit that a folder is at, if its content is exactly that commit."""

from __future__ import annotations

import subprocess


def clean_commit(folder: str) -> str | None:
    commit = _git(folder, "rev-parse", "--short=12", "HEAD")
    if not commit:
        return None
    status = _git(folder, "status", "--porcelain", "--", ".")
    return commit if status == "" else None


def _git(folder: str, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
