"""Which files belong to a workspace folder, by their path in it."""

from __future__ import annotations

DEFINITIONS = (".yaml", ".yml")
ENDINGS = (*DEFINITIONS, ".sql", ".py", ".sh")
"""Definitions, and files of code that they name, whatever the case of the letters."""
MAX_FILES = 5_000
MAX_FILE_BYTES = 4_000_000
_MAX_PATH = 512
_MAX_NAME_BYTES = 200


def is_definition(path: str) -> bool:
    return path.lower().endswith(DEFINITIONS)


def why_not_a_path(path: str) -> str:
    """Why no file of a workspace has this path, in words; empty when one may."""
    shown = path[:100]
    if not path or len(path) > _MAX_PATH:
        return f"a path has 1 to {_MAX_PATH} characters"
    for part in path.split("/"):
        if part in ("", ".", "..") or "\\" in part or not part.isprintable():
            return f"'{shown}' is no path inside the folder, like sales/orders.yaml"
        if part.startswith("."):
            return f"'{shown}' is hidden; names do not begin with a dot"
        if len(part.encode(errors="replace")) > _MAX_NAME_BYTES:
            return f"'{part[:40]}...' is too long for a name"
    if not path.lower().endswith(ENDINGS):
        return f"'{shown}' is no file of a workspace: those end in {', '.join(ENDINGS)}"
    return ""
