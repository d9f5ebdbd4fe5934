"""The checking child with the guard taken away: hostile MJML then reaches the compiler, which dies of it."""

from tmpa.kits import compile as kit_compile
from tmpa.kits import mjml_guard
from tmpa.kits.checking_child import main
from tmpa.kits.checks import pieces

DEPTH = 20_000


def unguarded(text: str) -> str:
    """What the compiler makes of nesting that the guard would have refused."""
    html: str = mjml_guard.mjml2html(text.replace("<p>deep</p>", "<div>" * DEPTH + "</div>" * DEPTH))
    return html


kit_compile.compile_mjml = unguarded
pieces.mistakes = lambda _text: []
main()
