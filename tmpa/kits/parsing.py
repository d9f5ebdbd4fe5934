"""Templates as trees, parsed once: the checks and the extraction of texts read the same ones."""

from functools import lru_cache

from jinja2 import Environment, nodes

_PARSER = Environment()  # noqa: S701 - parses only, nothing is rendered


@lru_cache(maxsize=256)
def parse_template(text: str) -> nodes.Template:
    """The tree of a template, to be read only. Raises TemplateSyntaxError."""
    return _PARSER.parse(text)
