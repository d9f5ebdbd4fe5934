"""Which HTML and CSS is which feature of the caniemail data, and which lack of support harms nobody."""

ELEMENTS = {
    **{name: f"html-{name}" for name in (
        "abbr", "acronym", "address", "audio", "base", "bdi", "blockquote", "body", "code", "del", "dfn", "dialog",
        "div", "form", "hr", "img", "link", "marquee", "meter", "object", "p", "picture", "pre", "progress", "rp",
        "rt", "ruby", "select", "small", "span", "strike", "strong", "svg", "table", "textarea", "video", "wbr",
    )},
    **dict.fromkeys(("ul", "ol", "dl"), "html-lists"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav",
                     "section", "summary", "time"), "html-semantics"),
    "map": "html-image-maps", "input": "html-input-text", "button": "html-button-submit",
}  # fmt: skip

PROPERTIES = {
    **dict.fromkeys(("left", "right", "top", "bottom"), "css-left-right-top-bottom"),
    **dict.fromkeys(("gap", "column-gap", "row-gap"), "css-gap"),
    **dict.fromkeys(("columns", "column-width", "column-rule", "column-fill"), "css-column-layout-properties"),
    **dict.fromkeys(("grid-template", "grid-template-columns", "grid-template-rows", "grid-template-areas"),
                    "css-grid-template"),
    **dict.fromkeys(("block-size", "inline-size"), "css-block-inline-size"),
    **dict.fromkeys(("margin-inline", "margin-block"), "css-margin-inline-block"),
    **dict.fromkeys(("margin-inline-start", "margin-inline-end"), "css-margin-inline-start-end"),
    **dict.fromkeys(("margin-block-start", "margin-block-end"), "css-margin-block-start-end"),
    **dict.fromkeys(("padding-inline", "padding-block"), "css-padding-inline-block"),
    **dict.fromkeys(("padding-inline-start", "padding-inline-end"), "css-padding-inline-start-end"),
    **dict.fromkeys(("padding-block-start", "padding-block-end"), "css-padding-block-start-end"),
    **dict.fromkeys(("border-inline", "border-block"), "css-border-inline-block"),
    **dict.fromkeys(("border-inline-start", "border-inline-end", "border-block-start", "border-block-end"),
                    "css-border-inline-block-individual"),
    **{f"{name}-{side}": f"css-{name}" for name in ("margin", "padding", "border")
       for side in ("left", "right", "top", "bottom")},
    **{f"border-{side}-{name}": "css-border" for side in ("left", "right", "top", "bottom")
       for name in ("color", "style", "width")},
    "flex-direction": "css-flex-direction", "flex-wrap": "css-flex-wrap", "flex": "css-display-flex",
    "animation-name": "css-animation",
}  # fmt: skip

PSEUDO = {
    name: f"css-pseudo-class-{name}"
    for name in ("active", "checked", "default", "first-child", "first-of-type", "focus", "focus-visible",
                 "focus-within", "has", "hover", "lang", "last-child", "last-of-type", "link", "not", "nth-child",
                 "nth-last-child", "nth-last-of-type", "nth-of-type", "only-child", "only-of-type", "target",
                 "visited")
} | {name: f"css-pseudo-element-{name}" for name in ("after", "before", "first-letter", "first-line", "marker",
                                                      "placeholder")}  # fmt: skip

UNITS = {name: f"css-unit-{name}" for name in ("rem", "vh", "vw", "vmin", "vmax", "ch")}

_REASONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Only an ornament is missing: corners are square, shadows and fades are gone, the mail reads the same.",
     ("css-border-radius", "css-box-shadow", "css-text-shadow", "css-transition", "css-text-decoration-color",
      "css-text-decoration-style", "css-text-decoration-thickness", "css-text-underline-offset", "css-cursor",
      "css-accent-color", "css-text-overflow", "css-outline", "css-outline-offset", "css-user-select")),
    ("MJML writes the look onto each element; the style sheet only refines it for phones, so without it people see "
     "the desktop layout.",
     ("html-style", "css-at-media", "css-important", "css-at-media-hover", "css-at-media-orientation",
      "css-at-media-prefers-color-scheme", "css-at-media-prefers-reduced-motion", "css-at-media-device-pixel-ratio",
      "css-pseudo-class-hover", "css-pseudo-class-focus", "css-pseudo-class-active", "css-pseudo-class-visited",
      "css-pseudo-class-link")),
    ("MJML lays out for Outlook with tables and VML in conditional comments; these are for everybody else.",
     ("css-max-width", "css-float", "css-box-sizing", "css-background-image", "css-background-position",
      "css-background-repeat", "css-background-size", "css-background", "html-background", "css-min-width",
      "css-table-layout", "css-border-spacing")),
    ("The platform hides the preheader in several ways at once, one of which works everywhere; a picture that is kept "
     "small by a maximum has a height besides.",
     ("css-display-none", "css-max-height", "css-opacity", "css-overflow", "css-visibility")),
    ("Works in part only because of values that mails do without (negative or automatic margins, padding of inline "
     "elements, units beside pixels).",
     ("css-margin", "css-padding", "css-border", "css-display", "css-font-size", "css-font-weight", "css-line-height",
      "css-letter-spacing", "css-text-align", "css-text-decoration", "css-text-transform", "css-width", "css-height",
      "css-direction", "css-list-style", "css-rgb", "css-text-indent", "html-body", "html-lists", "html-base",
      "html-width", "html-height", "html-align", "html-dir", "html-role", "html-aria-hidden", "html-aria-label",
      "html-target", "html-doctype", "html-semantics", "css-comments", "html-aria-labelledby",
      "html-aria-describedby", "html-strike", "html-abbr", "html-del")),
    ("Lines break a little differently, and nothing is lost.",
     ("css-white-space", "css-word-break", "css-overflow-wrap", "css-word-wrap", "css-text-wrap", "css-hyphens",
      "css-word-spacing", "html-wbr", "css-orphans", "css-widows")),
    ("Fonts fall back to the next in the list, pictures to the plain source, colours to the light design.",
     ("css-at-font-face", "css-sytem-ui", "html-srcset", "html-picture", "html-meta-color-scheme", "css-color-scheme",
      "html-loading-attribute", "html-rp", "css-font-kerning")),
)  # fmt: skip

GRACEFUL = {slug: reason for reason, slugs in _REASONS for slug in slugs}
