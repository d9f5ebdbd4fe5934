"""Templates as trees, parsed once: the checks and the extraction of texts read the same ones."""

from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

MAX_DEPTH = 200
"""Whoever reads the trees does so by recursion; a page with conditions in loops in macros has 40 levels."""
_PARSER = Environment()  # noqa: S701 - parses only, nothing is rendered


@lru_cache(maxsize=256)
def parse_template(text: str) -> nodes.Template:
    """The tree of a template, to be read only. Raises TemplateSyntaxError, also for one that is nested too deeply."""
    try:
        tree = _PARSER.parse(text)
    except RecursionError:
        raise _too_deep() from None
    level: list[nodes.Node] = [tree]
    for _depth in range(MAX_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return tree
    raise _too_deep()


def _too_deep() -> TemplateSyntaxError:
    return TemplateSyntaxError("It is nested too deeply.", 1)
