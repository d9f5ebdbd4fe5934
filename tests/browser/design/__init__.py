"""The design system as people meet it: looked at, listened to and used in a real browser."""

from pathlib import Path


def templates_folder() -> Path:
    """The gallery's pages."""
    return Path(__file__).parent / "templates"
