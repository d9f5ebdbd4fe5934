"""The table of settings in docs/operators.md, made from the settings themselves.

python -m workers.settings_table FILE   writes it between the file's two markers
"""

import sys
from pathlib import Path

from tmpa.settings import PREFIX, Settings

BEGIN = "<!-- settings: written by `make docs` -->"
END = "<!-- end of settings -->"


def table() -> str:
    """Every setting with its default and its sentence, as Markdown."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = f"`{field.default}`" if str(field.default) else "empty"
        text = (field.description or "").replace("|", "\\|")
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {text} |")
    return "\n".join(lines)


def renewed(document: str) -> str:
    """The document with its table as it should be. Raises ValueError when a marker is missing."""
    head, begin, rest = document.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the markers of the settings' table are missing")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main() -> None:
    """Bring the file that the first argument names up to date."""
    path = Path(sys.argv[1])
    path.write_text(renewed(path.read_text()))


if __name__ == "__main__":
    main()
