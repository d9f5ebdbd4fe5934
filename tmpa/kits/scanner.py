"""Finds the holes in finished HTML and the context of each: what may stand there, and how it is escaped."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.holes import Context
from tmpa.kits.sandbox import Rendering
from tmpa.kits.template_values import TemplateHole, sentinel_pattern

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"\s*/?\s*(?P<name>[^\s=>\"'/]+)(?:\s*=\s*(?:\"(?P<double>[^\"]*)\"|'(?P<single>[^']*)'|(?P<bare>[^\s>\"']+)))?"
)
_VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
}
_RAW = {"script", "style", "title", "textarea", "noscript", "xmp", "iframe", "noframes", "plaintext"}
_URL_ATTRIBUTES = {"href", "src", "background", "poster", "action", "xlink:href", "cite"}
_TEXT_ATTRIBUTES = {"alt", "title", "content", "placeholder", "value", "label", "summary", "abbr"}
_COLOUR_ATTRIBUTES = {"bgcolor", "color", "fill", "stroke", "stop-color", "fillcolor", "strokecolor"}
_FLOW = {"div", "td", "th", "section", "article", "main", "li", "blockquote", "body", "header", "footer", "aside",
         "figure", "figcaption", "dd", "form", "fieldset", "center"}  # fmt: skip

# A tag whose attributes are all of the plain kind: where it has no sentinel, nothing in it needs a look.
_PLAIN = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][^\s/>]*)(?:\s+[A-Za-z_:@][\w:.@-]*=\"[^\"<>]*\")*\s*(?P<void>/?)>"
)
# made once: looking them up for each of a mail's thousands of tags took longer than the scan
_A_DECLARATION = _l("a declaration")
_A_COMMENT = _l("a comment")
_AN_ELEMENT = _l("an element's name")
_AN_ATTRIBUTE = _l("an attribute's name")
_UNQUOTED = _l("an attribute without double quotes")
_A_TAG = _l("a tag")


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the HTML that will be a hole: characters `start` to `end` are replaced by it.

    `hole` is the printed hole; for a constant link of a mail it is None and `url` is the address found there.
    """

    start: int
    end: int
    context: Context
    hole: TemplateHole | None
    index: int
    url: str = ""
    anchor: bool = False


class HoleMisplaced(Exception):
    """A hole where none may be. `index` is the sentinel's."""

    def __init__(self, index: int, message: str, mend: str) -> None:
        super().__init__(message)
        self.index, self.message, self.mend = index, message, mend


class Scanner:
    """One pass over finished HTML. `track_links` makes every constant https address of an `<a>` a spot too."""

    def __init__(self, html: str, rendering: Rendering, *, track_links: bool) -> None:
        self._html, self._rendering, self._track = html, rendering, track_links
        self._found = list(sentinel_pattern(rendering.nonce).finditer(html))
        self._starts = [match.start() for match in self._found]
        self._open: list[str] = []
        self.spots: list[Spot] = []

    def scan(self) -> list[Spot]:
        """Every spot in order. Raises HoleMisplaced."""
        self._data(0, len(self._html), in_comment=False)
        self.spots.sort(key=lambda spot: spot.start)
        return self.spots

    def _between(self, start: int, stop: int) -> Sequence["re.Match[str]"]:
        """The sentinels that lie wholly in a stretch, in order."""
        first = bisect_left(self._starts, start)
        last = bisect_left(self._starts, stop, first)
        if last > first and self._found[last - 1].end() > stop:
            last -= 1
        return self._found[first:last]

    def _has(self, start: int, stop: int) -> bool:
        """Whether a sentinel begins in a stretch."""
        at = bisect_left(self._starts, start)
        return at < len(self._starts) and self._starts[at] < stop

    def _data(self, position: int, stop: int, *, in_comment: bool) -> None:
        html = self._html
        while position < stop:
            bracket = html.find("<", position, stop)
            end = stop if bracket < 0 else bracket
            if self._has(position, end):
                self._text(position, end)
            if bracket < 0:
                return
            plain = _PLAIN.match(html, bracket, stop)
            if plain and not self._has(bracket, plain.end()) and (name := plain["name"].lower()) != "a":
                position = self._opened(plain, name, plain.end(), stop, in_comment=in_comment)
            elif html.startswith("<!--", bracket) and not in_comment:
                close = html.find("-->", bracket + 4, stop)
                close = stop if close < 0 else close
                self._comment(bracket + 4, close)
                position = min(close + 3, stop)
            elif html.startswith(("<!", "<?"), bracket):
                close = html.find(">", bracket, stop)
                close = stop if close < 0 else close
                self._forbid(bracket, close, _A_DECLARATION)
                position = close + 1
            elif tag := _TAG.match(html, bracket, stop):
                position = self._tag(tag, stop, in_comment=in_comment)
            else:
                position = bracket + 1

    def _comment(self, start: int, stop: int) -> None:
        """Conditional comments are HTML to Outlook, so they are scanned as such; others may hold no hole."""
        text = self._html[start:stop]
        if text.lstrip().startswith("[if") and (close := text.find("]>")) >= 0:
            self._forbid(start, start + close, _A_COMMENT)
            end = stop - len("<![endif]") if text.endswith("<![endif]") else stop
            kept = list(self._open)
            self._data(start + close + 2, end, in_comment=True)
            self._open = kept
        else:
            self._forbid(start, stop, _A_COMMENT)

    def _tag(self, tag: "re.Match[str]", stop: int, *, in_comment: bool) -> int:
        name = tag["name"].lower()
        self._forbid(tag.start("name"), tag.end("name"), _AN_ELEMENT)
        position = tag.end()
        attributes: list[tuple[str, int, int]] = []
        while match := _ATTRIBUTE.match(self._html, position, stop):
            self._forbid(match.start("name"), match.end("name"), _AN_ATTRIBUTE)
            for group in ("double", "single", "bare"):
                if match[group] is not None:
                    attributes.append((match["name"].lower(), match.start(group), match.end(group)))
                    if group != "double":
                        self._forbid(match.start(group), match.end(group), _UNQUOTED)
            position = match.end()
        close = self._html.find(">", position, stop)
        close = stop if close < 0 else close
        self._forbid(position, close, _A_TAG)
        names = {key for key, _start, _end in attributes}
        for key, start, end in attributes:
            self._attribute(name, key, names, start, end)
        return self._opened(tag, name, close + 1, stop, in_comment=in_comment)

    def _opened(self, tag: "re.Match[str]", name: str, position: int, stop: int, *, in_comment: bool) -> int:
        """What an opening or closing tag that ends at `position` changes; where to go on."""
        empty = name in _VOID or self._html[position - 2 : position - 1] == "/"
        if tag["close"]:
            if name in self._open:
                while self._open.pop() != name:
                    pass
        elif not empty:
            if name in _RAW and not in_comment:
                return self._raw(name, position, stop)
            self._open.append(name)
        return position

    def _raw(self, name: str, start: int, stop: int) -> int:
        close = re.compile(f"</{name}", re.IGNORECASE).search(self._html, start, stop)
        end = close.start() if close else stop
        if name in {"title", "textarea"}:
            for match in self._between(start, end):
                self._add(match, "text")
        elif name == "style":
            for match in self._between(start, end):
                self._add(match, "colour", only_colours=_("a style sheet"))
        else:
            self._forbid(start, end, f"<{name}>")
        return end

    def _text(self, start: int, stop: int) -> None:
        for match in self._between(start, stop):
            hole = self._hole(match)
            if hole.flavour == "richtext":
                parent = self._open[-1] if self._open else "body"
                if parent not in _FLOW:
                    message = _("%(hole)s gives whole paragraphs, but stands inside <%(parent)s>.",
                                hole=hole.label, parent=parent)  # fmt: skip
                    raise HoleMisplaced(int(match[1]), message, _("Put it directly into a <div>."))
                self._add(match, "block")
            else:
                self._add(match, "text")

    def _attribute(self, element: str, key: str, names: set[str], start: int, end: int) -> None:
        holes = self._between(start, end)
        if not holes:
            value = self._html[start:end]
            if self._track and element == "a" and key == "href" and value.lower().startswith("https://"):
                self.spots.append(Spot(start, end, "url", None, -1, value, anchor=True))
            return
        where = _("the attribute %(name)s", name=key)
        for match in holes:
            if key in _URL_ATTRIBUTES:
                self._url(match, element, key, start, end)
            elif key == "style" or key in _COLOUR_ATTRIBUTES:
                self._add(match, "colour", only_colours=where)
            elif (key in _TEXT_ATTRIBUTES or key.startswith("aria-")) and not (
                key == "content" and "http-equiv" in names
            ):
                self._add(match, "attribute")
            else:
                self._forbid(start, end, where)

    def _url(self, match: "re.Match[str]", element: str, key: str, start: int, end: int) -> None:
        before, after = self._html[start : match.start()], self._html[match.end() : end]
        context: Context = "url"
        if before in {"mailto:", "tel:"} and not after and key == "href":
            context = "mailto" if before == "mailto:" else "tel"
        elif before or after:
            message = _("%(hole)s is only a part of an address.", hole=self._hole(match).label)
            raise HoleMisplaced(int(match[1]), message, _("Let the hole be the whole value."))
        self._add(match, context, anchor=element == "a" and key == "href")

    def _hole(self, match: "re.Match[str]") -> TemplateHole:
        return self._rendering.prints[int(match[1])]

    def _forbid(self, start: int, stop: int, where: object) -> None:
        for match in self._between(start, stop):
            message = _("%(hole)s may not stand in %(where)s.", hole=self._hole(match).label, where=where)
            mend = _("Use it in an element's text, an alt text, a whole href or src, or (colours) a style.")
            raise HoleMisplaced(int(match[1]), message, mend)

    def _add(
        self, match: "re.Match[str]", context: Context, *, only_colours: str = "", anchor: bool = False
    ) -> None:
        hole = self._hole(match)
        index = int(match[1])
        problem = _mismatch(hole, context)
        if only_colours and hole.flavour != "colour":
            problem = _("%(hole)s may not stand in %(where)s.", hole=hole.label, where=only_colours)
        if problem:
            raise HoleMisplaced(index, problem, _("Use a value that fits the place."))
        self.spots.append(Spot(match.start(), match.end(), context, hole, index, anchor=anchor))


def _mismatch(hole: TemplateHole, context: Context) -> str:
    """Why this value can't stand in this context, or nothing."""
    if hole.flavour == "richtext" and context != "block":
        return _("%(hole)s gives whole paragraphs and can't stand here.", hole=hole.label)
    if context == "mailto" and hole.label != "brand.email":
        return _("Only brand.email may follow mailto:.")
    if context == "tel" and hole.label != "brand.phone":
        return _("Only brand.phone may follow tel:.")
    if context == "url" and hole.flavour != "address":
        return _("%(hole)s is not an address.", hole=hole.label)
    return ""
