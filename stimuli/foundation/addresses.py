"""Addresses as they may be shown: without passwords, and without the keys of signed links.

It lies in the lowest package because messages, records and cards show addresses alike.
"""

from __future__ import annotations

import re

__all__ = ["without_credentials"]

# up to the last @ before the path; a password with an unquoted slash is no port before a path
USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)(?:[^/\s?#]*|[^/\s?#:@]*:(?!\d+[/?#])[^\s@]*)@")
KEYS = re.compile(r"(?i)([?&;][^=&;\s]*(?:token|key|sig|secret|pass|pwd|auth|credential)[^=&;\s]*=)[^&;#\s'\")]+")


def without_credentials(text: object) -> str:
    """Hide what lets somebody in: user and password of every address in a text, and keys in its query."""
    return KEYS.sub(r"\1***", USER.sub(r"\1***@", str(text)))
