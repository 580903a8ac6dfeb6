"""Paths into JSON: MaxCompute's form as DuckDB's."""

from __future__ import annotations


def json_path(path: str) -> str:
    """A JSON path of MaxCompute as DuckDB's: `$.a.b[0]`, `$['a']`, `[*]`."""
    out = ["$"]
    i = 1 if path.startswith("$") else 0
    while i < len(path):
        c = path[i]
        if c == ".":
            end = i + 1
            while end < len(path) and path[end] not in ".[":
                end += 1
            name = path[i + 1 : end]
            if name == "*":
                out.append(".*")
            elif name:
                out.append('."' + name.replace('"', "") + '"')
            i = end
        elif c == "[":
            end = path.find("]", i)
            if end < 0:
                return '$.""'
            inner = path[i + 1 : end].strip()
            if inner.isdecimal() or inner == "*":
                out.append(f"[{inner}]")
            else:
                out.append('."' + inner.strip("'\"").replace('"', "") + '"')
            i = end + 1
        else:
            end = i
            while end < len(path) and path[end] not in ".[":
                end += 1
            out.append('."' + path[i:end].replace('"', "") + '"')
            i = end
    return "".join(out)
