"""MJML's components as its documentation has them: where each may stand, its attributes, the kinds of their values.

Written from the component reference of MJML 4; the compiler itself checks none of it.
"""

import re

_BOX = "padding padding-top padding-right padding-bottom padding-left"
_INNER = "inner-padding inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left"
_EDGE = "border border-top border-right border-bottom border-left border-radius"
_TYPE = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform"
_GROUND = (
    "background-color background-position background-position-x background-position-y background-repeat "
    "background-size background-url"
)
_LINK = "href rel target title name"
_ICONS = (
    "icon-align icon-height icon-position icon-unwrapped-alt icon-unwrapped-url icon-width icon-wrapped-alt "
    "icon-wrapped-url"
)
_CONTENT = ("mj-column", "mj-hero")

EVERYWHERE = frozenset({"css-class", "mj-class"})

ATTRIBUTES: dict[str, frozenset[str]] = {
    name: frozenset(" ".join(lists).split())
    for name, lists in {
        "mjml": ("lang dir",),
        "mj-head": ("",),
        "mj-body": ("background-color width",),
        "mj-title": ("",),
        "mj-preview": ("",),
        "mj-attributes": ("",),
        "mj-style": ("inline",),
        "mj-font": ("name href",),
        "mj-breakpoint": ("width",),
        "mj-raw": ("position",),
        "mj-section": (_GROUND, _EDGE, _BOX, "direction full-width text-align text-padding"),
        "mj-wrapper": (_GROUND, _EDGE, _BOX, "direction full-width text-align text-padding gap"),
        "mj-column": (_EDGE, _BOX, "background-color direction inner-background-color inner-border "
                      "inner-border-top inner-border-right inner-border-bottom inner-border-left inner-border-radius "
                      "vertical-align width"),
        "mj-group": ("background-color direction vertical-align width",),
        "mj-text": (_TYPE, _BOX, "align container-background-color height vertical-align"),
        "mj-button": (_TYPE, _BOX, _EDGE, _LINK, _INNER, "align background-color container-background-color height "
                      "text-align vertical-align width"),
        "mj-image": (_BOX, _EDGE, _LINK, "align alt container-background-color fluid-on-mobile font-size height "
                     "max-height sizes src srcset usemap width"),
        "mj-divider": (_BOX, "align border-color border-style border-width container-background-color width"),
        "mj-spacer": (_BOX, "border border-bottom border-left border-right border-top container-background-color "
                      "height vertical-align width"),
        "mj-table": (_TYPE, _BOX, "align border cellpadding cellspacing container-background-color role table-layout "
                     "vertical-align width"),
        "mj-social": (_TYPE, _BOX, "align border-radius container-background-color icon-height icon-padding icon-size "
                      "inner-padding mode table-layout text-padding"),
        "mj-social-element": (_TYPE, _BOX, _LINK, "align alt background-color border-radius icon-height icon-padding "
                              "icon-position icon-size sizes src srcset text-padding vertical-align"),
        "mj-hero": (_BOX, _INNER, "align background-color background-height background-position background-url "
                    "background-width border-radius container-background-color height inner-background-color mode "
                    "vertical-align width"),
        "mj-navbar": (_BOX, "align base-url hamburger ico-align ico-close ico-color ico-font-family ico-font-size "
                      "ico-line-height ico-open ico-padding ico-padding-bottom ico-padding-left ico-padding-right "
                      "ico-padding-top ico-text-decoration ico-text-transform"),
        "mj-navbar-link": (_TYPE, _BOX, _LINK),
        "mj-accordion": (_BOX, _ICONS, "border container-background-color font-family"),
        "mj-accordion-element": (_ICONS, "background-color border font-family"),
        "mj-accordion-title": (_BOX, "background-color color font-family font-size font-weight"),
        "mj-accordion-text": (_BOX, "background-color color font-family font-size font-weight letter-spacing "
                              "line-height"),
        "mj-carousel": (_BOX, "align border-radius container-background-color icon-width left-icon right-icon "
                        "tb-border tb-border-radius tb-hover-border-color tb-selected-border-color tb-width "
                        "thumbnails"),
        "mj-carousel-image": (_LINK, "alt background-color border-radius src tb-border tb-border-radius "
                              "thumbnails-src"),
    }.items()
}  # fmt: skip

PARENTS: dict[str, tuple[str, ...]] = {
    "mjml": (),
    "mj-head": ("mjml",),
    "mj-body": ("mjml",),
    **dict.fromkeys(
        ("mj-title", "mj-preview", "mj-attributes", "mj-style", "mj-font", "mj-breakpoint"), ("mj-head",)
    ),
    "mj-all": ("mj-attributes",),
    "mj-class": ("mj-attributes",),
    "mj-wrapper": ("mj-body",),
    "mj-section": ("mj-body", "mj-wrapper"),
    "mj-hero": ("mj-body", "mj-wrapper"),
    "mj-group": ("mj-section",),
    "mj-column": ("mj-section", "mj-group"),
    **dict.fromkeys(
        ("mj-text", "mj-button", "mj-image", "mj-divider", "mj-spacer", "mj-table", "mj-social", "mj-navbar",
         "mj-accordion", "mj-carousel"), _CONTENT
    ),
    "mj-social-element": ("mj-social",),
    "mj-navbar-link": ("mj-navbar",),
    "mj-accordion-element": ("mj-accordion",),
    "mj-accordion-title": ("mj-accordion-element",),
    "mj-accordion-text": ("mj-accordion-element",),
    "mj-carousel-image": ("mj-carousel",),
    "mj-raw": ("mj-head", "mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero", "mj-social",
               "mj-navbar", "mj-accordion", "mj-accordion-element", "mj-carousel"),
}  # fmt: skip

# Elements whose content is HTML or text; in all others only MJML elements may stand.
ENDING = frozenset({
    "mj-text", "mj-button", "mj-table", "mj-raw", "mj-title", "mj-preview", "mj-style", "mj-navbar-link",
    "mj-social-element", "mj-accordion-title", "mj-accordion-text", "mj-font", "mj-breakpoint",
})  # fmt: skip

REQUIRED = {
    "mj-image": ("src",),
    "mj-carousel-image": ("src",),
    "mj-social-element": ("src",),
    "mj-font": ("name", "href"),
    "mj-class": ("name",),
    "mj-breakpoint": ("width",),
}

_PX = r"\d+(?:\.\d+)?px"
_UNIT = rf"(?:{_PX}|\d+(?:\.\d+)?%|0)"
_SIGNED = rf"-?{_UNIT}"

LENGTHS = re.compile(rf"{_UNIT}(?: +{_UNIT}){{0,3}}")
LENGTH = re.compile(_UNIT)
PIXELS = re.compile(rf"{_PX}|0")
FONT_SIZE = re.compile(r"\d+(?:\.\d+)?(?:px|em|rem|%|pt)")
LINE_HEIGHT = re.compile(r"\d+(?:\.\d+)?(?:px|%|em)?|normal")
SPACING = re.compile(r"-?\d+(?:\.\d+)?(?:px|em)|0|normal")
WEIGHT = re.compile(r"[1-9]00|normal|bold|bolder|lighter|inherit")
AUTO_LENGTH = re.compile(rf"{_UNIT}|auto")
RADIUS = re.compile(rf"{_UNIT}(?: +{_UNIT}){{0,3}}")
NUMBER = re.compile(r"\d+(?:px)?")


def _one_of(*words: str) -> "re.Pattern[str]":
    return re.compile("|".join(map(re.escape, words)))


_ALIGN = _one_of("left", "right", "center")
_VERTICAL = _one_of("top", "middle", "bottom")

KINDS: dict[str, "re.Pattern[str]"] = {
    **dict.fromkeys(("padding", "inner-padding", "icon-padding", "text-padding", "ico-padding"), LENGTHS),
    **{f"{stem}-{side}": LENGTH for stem in ("padding", "inner-padding", "ico-padding")
       for side in ("top", "right", "bottom", "left")},
    **dict.fromkeys(("border-radius", "inner-border-radius", "tb-border-radius"), RADIUS),
    **dict.fromkeys(("font-size", "ico-font-size"), FONT_SIZE),
    **dict.fromkeys(("line-height", "ico-line-height"), LINE_HEIGHT),
    "letter-spacing": SPACING,
    "font-weight": WEIGHT,
    "font-style": _one_of("normal", "italic", "oblique", "inherit"),
    "text-transform": _one_of("none", "capitalize", "uppercase", "lowercase", "initial", "inherit"),
    "align": _ALIGN,
    "ico-align": _ALIGN,
    "text-align": _one_of("left", "right", "center", "justify"),
    "vertical-align": _VERTICAL,
    "icon-align": _VERTICAL,
    "icon-position": _one_of("left", "right"),
    "direction": _one_of("ltr", "rtl"),
    "dir": _one_of("ltr", "rtl", "auto"),
    "full-width": _one_of("full-width", "false", ""),
    "fluid-on-mobile": _one_of("true", "false"),
    "hamburger": _one_of("hamburger"),
    "thumbnails": _one_of("visible", "hidden", "supported"),
    "background-repeat": _one_of("repeat", "no-repeat"),
    "table-layout": _one_of("auto", "fixed", "initial", "inherit"),
    "width": AUTO_LENGTH,
    "height": AUTO_LENGTH,
    "max-height": LENGTH,
    "icon-size": LENGTH,
    "icon-height": LENGTH,
    "icon-width": LENGTH,
    "tb-width": PIXELS,
    "border-width": PIXELS,
    "background-height": PIXELS,
    "background-width": PIXELS,
    "cellpadding": NUMBER,
    "cellspacing": NUMBER,
    "gap": PIXELS,
    "position": _one_of("file-start"),
}  # fmt: skip

# Where one element wants something else of an attribute than the others.
SPECIAL: dict[tuple[str, str], "re.Pattern[str]"] = {
    ("mj-body", "width"): PIXELS,
    ("mj-breakpoint", "width"): PIXELS,
    ("mj-image", "width"): re.compile(rf"{_PX}|auto"),
    ("mj-column", "width"): LENGTH,
    ("mj-group", "width"): LENGTH,
    ("mj-spacer", "height"): PIXELS,
    ("mj-hero", "height"): PIXELS,
    ("mj-text", "align"): _one_of("left", "right", "center", "justify"),
    ("mj-social", "mode"): _one_of("horizontal", "vertical"),
    ("mj-hero", "mode"): _one_of("fixed-height", "fluid-height"),
    ("mj-accordion", "icon-position"): _one_of("left", "right"),
}  # fmt: skip

# Known to MJML, dropped by the compiler without a word (tests/unit/kits/test_mjml_rules.py tries each one).
UNSUPPORTED_ATTRIBUTES = frozenset(
    (name, attribute)
    for name, attributes in {
        "mj-raw": "position",
        "mj-section": "text-padding",
        "mj-wrapper": "gap text-padding",
        "mj-button": "inner-padding-top inner-padding-right inner-padding-bottom inner-padding-left title",
        "mj-image": "border-top border-bottom sizes",
        "mj-spacer": "border border-top border-right border-bottom border-left width",
        "mj-table": "font-style font-weight letter-spacing role text-decoration text-transform",
        "mj-social": "letter-spacing table-layout text-transform",
        "mj-social-element": "icon-position letter-spacing sizes srcset text-transform",
        "mj-hero": "border-radius container-background-color",
        "mj-navbar-link": "title",
        "mj-accordion-title": "font-weight",
        "mj-carousel-image": "background-color name",
    }.items()
    for attribute in attributes.split()
)
UNSUPPORTED_ELEMENTS = frozenset({
    "mj-include", "mj-html-attributes", "mj-selector", "mj-html-attribute",
})  # fmt: skip
