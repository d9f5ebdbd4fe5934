"""The cage in which a kit's templates run: no reach outside the kit, bounded work, values only as holes."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, TracebackType
from typing import Any, cast

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.filters import FILTERS
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.findings import CompileFailed, error
from tmpa.kits.source import KitSource
from tmpa.kits.template_values import State, TemplateHole, TemplateMistake, rendering_state

MAX_RANGE = 1000
MAX_COMPILED = 1000  # compiled templates kept by a process, each about 20 kB
ALLOWED_FILTERS = ("default", "d", "e", "escape", "safe", "upper", "lower", "trim", "join", "length", "count",
                   "first", "last", "list", "int", "round", "abs", "reverse", "unique", "min", "max")  # fmt: skip
_STRING_METHODS = {"upper", "lower", "strip", "startswith", "endswith", "split", "title", "capitalize"}
_FILE_PREFIX = "kit:"
_MARK = re.compile("\ue000(\\d+):(\\d+)\ue001")


def _finalize(value: object) -> object:
    if isinstance(value, TemplateHole):
        return Markup(value.printed())  # noqa: S704 - letters and digits
    if isinstance(value, Undefined):
        return str(value)  # raises and says what is undefined or unsafe
    if value is None or isinstance(value, bool) or callable(value):
        raise TemplateMistake(
            _("The template prints something that is no text."), _("Print a text or a number.")
        )
    if not isinstance(value, str | int | float):
        value = str(value)
    rendering_state.get().printed(len(value) if isinstance(value, str) else 20)
    return value


def _limited(iterable: Iterable[Any]) -> Iterator[Any]:
    if isinstance(iterable, TemplateHole):
        iterable.refuse()
    for item in iterable:
        rendering_state.get().step()
        yield item


def _concat(*values: object) -> str:
    if any(isinstance(value, TemplateHole) for value in values):
        next(value for value in values if isinstance(value, TemplateHole)).refuse()
    joined = "".join(map(str, values))
    rendering_state.get().printed(len(joined))
    return joined


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TemplateMistake(_("The range is too long."), _("Use at most %(n)s.", n=MAX_RANGE), "limits")
    return numbers


class _Bounder(NodeTransformer):
    """Rewrites a parsed template so that loops and joins are counted; optionally marks each line."""

    def __init__(self, file_number: int | None) -> None:
        self._file_number = file_number

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _call("__limited", [cast(nodes.Expr, node.iter)], node)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _call("__concat", node.nodes, node)

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:
        if self._file_number is not None:
            line = node.lineno
            marked = [f"\ue000{self._file_number}:{line}\ue001"]
            for char in node.data:
                marked.append(char)
                if char == "\n":
                    line += 1
                    marked.append(f"\ue000{self._file_number}:{line}\ue001")
            node.data = "".join(marked)
        return node


def _call(name: str, arguments: list[nodes.Expr], near: nodes.Node) -> nodes.Call:
    called = nodes.Name(name, "load", lineno=near.lineno)
    return nodes.Call(called, arguments, [], None, None, lineno=near.lineno)


class _KitLoader(BaseLoader):
    """Includes and imports reach the kit's own text files, by exact path, and nothing else."""

    def __init__(self, source: KitSource) -> None:
        self._source = source

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:
        if template not in self._source.files or not template.endswith((".mjml", ".html", ".txt")):
            raise TemplateNotFound(template, _("The kit has no template %(path)s.", path=template[:200]))
        return self._source.text(template), _FILE_PREFIX + template, lambda: True


class _Compiled(BytecodeCache):
    """Compiled templates of this process by path, text and escaping: versions of a kit share most of theirs."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], CodeType] = OrderedDict()

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._kept[bucket.key, bucket.checksum] = bucket.code
        while len(self._kept) > MAX_COMPILED:
            self._kept.popitem(last=False)


_COMPILED = {True: _Compiled(), False: _Compiled()}


class KitEnvironment(ImmutableSandboxedEnvironment):
    """Jinja for one kit: a short list of filters, counted loops, calls and output."""

    intercepted_binops = frozenset({"**", "*", "+", "%"})

    def __init__(self, source: KitSource, *, autoescape: bool, tracking: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            loader=_KitLoader(source),
            finalize=_finalize,
            keep_trailing_newline=True,
            cache_size=100,
            bytecode_cache=None if tracking else _COMPILED[autoescape],
        )
        self.filters = {name: FILTERS[name] for name in ALLOWED_FILTERS}
        self.globals = {"__limited": _limited, "__concat": _concat, "range": _range}
        self.file_numbers = {path: number for number, path in enumerate(sorted(source.files))}
        self.tracking = tracking

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        number = self.file_numbers.get(name or "", 0) if self.tracking else None
        bounded: nodes.Template = _Bounder(number).visit(tree)
        return bounded

    def call(self, context: Any, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        rendering_state.get().step()
        return super().call(context, called, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if isinstance(left, TemplateHole) or isinstance(right, TemplateHole):
            (left if isinstance(left, TemplateHole) else right).refuse()
        if not all(isinstance(value, int | float) and abs(value) < 10**9 for value in (left, right)):
            raise TemplateMistake(
                _("“%(operator)s” works on numbers only.", operator=operator), _("Use ~ to join texts.")
            )
        if operator == "**":
            raise TemplateMistake(_("“**” is not allowed in templates."), _("Write the number."))
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str):
            return attr in _STRING_METHODS
        if isinstance(obj, TemplateHole):
            return attr == "alt" and obj.alt is not None
        return super().is_safe_attribute(obj, attr, value)


@lru_cache(maxsize=256)
def environment(source: KitSource, autoescape: bool, tracking: bool = False) -> KitEnvironment:
    """The cached environment of a kit; compiled templates are kept in it."""
    return KitEnvironment(source, autoescape=autoescape, tracking=tracking)


@dataclass(frozen=True, slots=True)
class Rendering:
    """A rendered template: its text with sentinels, and the hole behind each sentinel index."""

    text: str
    prints: tuple[TemplateHole, ...]
    nonce: str


def _line_of(trace: TracebackType | None) -> tuple[str, int]:
    """File and line of the innermost template frame."""
    place = ("", 0)
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_FILE_PREFIX):
            place = (file[len(_FILE_PREFIX) :], trace.tb_lineno)
        trace = trace.tb_next
    return place


def _render(get: Callable[[], Template], state: State, context: Mapping[str, object], file: str) -> str:
    token = rendering_state.set(state)
    line = 0
    try:
        return get().render(context)
    except TemplateSyntaxError as problem:
        found = (problem.name or file, problem.lineno)
        message, mend, rule = (
            _("The template has a mistake: %(problem)s", problem=str(problem.message)),
            "",
            "",
        )
    except TemplateNotFound as problem:
        found = _line_of(problem.__traceback__)
        message, mend, rule = _("The kit has no template %(path)s.", path=str(problem.name)[:200]), "", ""
    except TemplateMistake as problem:
        found = _line_of(problem.__traceback__)
        message, mend, rule = str(problem.message), problem.mend, problem.rule
    except RecursionError:
        found, message, mend, rule = (file, 0), _("A macro calls itself without end."), "", "limits"
    except (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as problem:
        # whatever an expression of the author's can raise; anything else is ours and must not be hidden
        found = _line_of(problem.__traceback__)
        message, mend, rule = _("The template fails: %(problem)s", problem=str(problem)[:300]), "", ""
    finally:
        rendering_state.reset(token)
    path, line = found[0] or file, found[1]
    raise CompileFailed([error(rule or "template", path, line, message, mend or _("Correct the line."))])


def render_file(
    source: KitSource, path: str, context: Mapping[str, object], nonce: str, *, autoescape: bool
) -> Rendering:
    """Render a template of the kit. Raises CompileFailed with file and line."""
    if path not in source.files:
        message = _("The piece's template %(path)s is missing.", path=path)
        raise CompileFailed([error("template", path, 0, message, _("Add the file or correct its name."))])
    state = State(nonce)
    cage = environment(source, autoescape)
    text = _render(lambda: cage.get_template(path), state, context, path)
    return Rendering(text, tuple(state.prints), nonce)


def render_text(
    source: KitSource, text: str, context: Mapping[str, object], nonce: str, where: tuple[str, int]
) -> Rendering:
    """Render a short text of the manifest (a subject). `where` is its file and line, for findings."""
    state = State(nonce)
    cage = environment(source, False)
    try:
        rendered = _render(lambda: cage.from_string(text), state, context, where[0])
    except CompileFailed as problem:
        found = problem.findings[0]
        raise CompileFailed([error(found.rule, *where, found.message, found.mend)]) from None
    return Rendering(rendered, tuple(state.prints), nonce)


class LineMap:
    """Where each character of a rendered text comes from; made only when a finding needs a line."""

    def __init__(self, source: KitSource, path: str, context: Mapping[str, object], nonce: str) -> None:
        state = State(nonce)
        cage = environment(source, True, True)
        self._paths = sorted(source.files)
        self._path = path
        marked = _render(lambda: cage.get_template(path), state, context, path)
        self._starts: list[tuple[int, str, int]] = []
        clean: list[str] = []
        length = end = 0
        for mark in _MARK.finditer(marked):
            clean.append(marked[end : mark.start()])
            length += mark.start() - end
            end = mark.end()
            self._starts.append((length, self._paths[int(mark[1])], int(mark[2])))
        clean.append(marked[end:])
        self.text = "".join(clean)

    def at(self, offset: int) -> tuple[str, int]:
        """File and line behind a character of the rendered text."""
        place = (self._path, 0)
        for start, file, line in self._starts:
            if start > offset:
                break
            place = (file, line)
        return place

    def at_sentinel(self, nonce: str, index: int) -> tuple[str, int]:
        """File and line that printed a hole."""
        offset = self.text.find(f"zq{nonce}h{index}qz")
        return self.at(offset) if offset >= 0 else (self._path, 0)
