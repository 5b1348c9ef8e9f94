"""List the stages with their first line of help: `python -m pipelines`."""

from __future__ import annotations

import ast
from pathlib import Path


def stages() -> dict[str, str]:
    """Return name and first docstring line of each stage. The files are read, not imported: some load torch."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in module.body)
        if has_main and path.name != "__main__.py":
            found[path.stem] = (ast.get_docstring(module) or "").partition("\n")[0]
    return found


def main() -> int:
    """Print the list."""
    width = max(map(len, stages()))
    for name, line in stages().items():
        print(f"python -m pipelines.{name:<{width}}  {line}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
