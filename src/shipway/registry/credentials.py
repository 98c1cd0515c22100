"""The registry's one user: ECR's `AWS`, with a password made once and kept."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

USER = "AWS"
# Distribution checks the hash on every request of a push. The password has 192 random bits: no number
# of rounds would make it harder to guess, so the least that bcrypt allows is right.
BCRYPT_ROUNDS = 4


def authorization(password: str) -> str:
    """The HTTP header's value for the registry's user."""
    return "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()


def ensure_password(password_file: Path, htpasswd_file: Path) -> str:
    """The kept password, made at the first call; both files are for their owner's eyes only."""
    import bcrypt

    if password_file.exists() and htpasswd_file.exists():
        return password_file.read_text(encoding="ascii").strip()
    password = secrets.token_urlsafe(24)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()
    write_private(htpasswd_file, f"{USER}:{hashed}\n")
    write_private(password_file, password + "\n")
    return password


def write_private(path: Path, text: str) -> None:
    """Replaces a file whole, never readable by others, not even for a moment."""
    temporary = path.with_name(path.name + ".new")
    with open(
        temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)
    ) as file:
        file.write(text)
    temporary.replace(path)
