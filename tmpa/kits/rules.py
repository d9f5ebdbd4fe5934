"""The register of rules: every finding names one of them. docs/kit-rules.md has a paragraph for each.

Who writes a new check adds its rule here and its paragraph there; tests hold code, register and document together.
"""

from dataclasses import dataclass
from typing import Any

from tmpa.kernel.i18n import lazy_gettext as _l
from tmpa.kits.findings import Severity

DOCUMENT = "docs/kit-rules.md"


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule. `severity` is what its findings mostly have; a vendor may raise warnings to errors, never lower them.

    `title` and `help` are lazy translations: a heading, and a sentence on what the rule wants and why.
    """

    name: str
    severity: Severity
    title: Any
    help: Any


def _error(name: str, title: Any, text: Any) -> RuleInfo:
    return RuleInfo(name, "error", title, text)


def _warning(name: str, title: Any, text: Any) -> RuleInfo:
    return RuleInfo(name, "warning", title, text)


RULES: tuple[RuleInfo, ...] = (
    # Reading the kit
    _error("zip", _l("The archive can be read"), _l("A kit is uploaded as one sound zip file.")),
    _error("files", _l("Files of a kit"), _l("A kit holds only the kinds of files that pieces are made of.")),
    _error("size", _l("Size of the kit"), _l("A kit stays small enough to be read, sent and kept.")),
    _error("manifest", _l("The manifest"), _l("kit.toml follows the table of keys of the kit format.")),
    _error("severity", _l("Raised severities"), _l("Only rules that exist can be raised in kit.toml.")),
    _error("svg", _l("Drawings without behaviour"), _l("An SVG holds no script and reaches nothing outside.")),
    _error("image", _l("Pictures can be read"), _l("A picture has the format of its name and a sane size.")),
    _error("check-died", _l("The check came to its end"), _l("A kit must not kill or stall its check.")),
    # Templates and slots
    _error("template", _l("Templates compile"), _l("Every template compiles with every sample brand.")),
    _error("limits", _l("Templates stay within limits"), _l("Loops, calls and output are bounded.")),
    _error("unknown-name", _l("Names that exist"), _l("Templates name only slots and values that there are.")),
    _error("untranslatable", _l("Every word can be translated"), _l("Words that people read stand in _().")),
    _error("hole", _l("Values stand in safe places"), _l("A partner's value stands only where it can be escaped.")),
    _error("locked", _l("Locked regions never change"), _l("What is no slot is the same for every partner.")),
    _error("piece", _l("Every piece can be made"), _l("Each piece renders in each locale within its limits.")),
    _error("slot-default", _l("Defaults fit their slots"), _l("A default keeps to its slot's own limits.")),
    _warning("slot-unused", _l("Slots are used"), _l("People fill in nothing that no piece shows.")),
    # Mails
    _error("mjml", _l("MJML elements"), _l("Elements exist, stand where they may, and are closed.")),
    _error("mjml-attribute", _l("MJML attributes"), _l("Attributes exist and have values of their kind.")),
    _error("mjml-unsupported", _l("Unsupported MJML"), _l("What the compiler would drop or render wrong is not used.")),
    _error("mail-footer", _l("Who writes, and the way out"), _l("The law wants sender, privacy and unsubscribe.")),
    _error("mail-images", _l("Pictures that mails show"), _l("Mail clients show PNG and JPEG, not SVG.")),
    _error("mail-size", _l("Size of the mail"), _l("Gmail cuts off what is beyond 102 kB of HTML.")),
    _warning("mail-clients", _l("Support by mail clients"), _l("HTML and CSS work in the clients that the kit names.")),
    _warning("client-data", _l("Data about mail clients"), _l("The support data come with the built front-end.")),
    _warning("plain-text", _l("The plain-text part"), _l("The text part reads well by itself.")),
    _error("subject", _l("Honest subjects of sane length"), _l("A subject pretends no reply and fits the inbox.")),
    _warning("spam", _l("No spam triggers"), _l("Subjects and texts avoid what filters and people take for spam.")),
    _error("link-disguise", _l("Links lead where they say"), _l("A text that is an address leads to that address.")),
    _warning("url-shortener", _l("No shortened links"), _l("People and filters see where a link leads.")),
    _warning("image-only", _l("Mails have text"), _l("A mail says what it says in text, not only in pictures.")),
    # Pages and documents
    _error("page-form", _l("The page's form"), _l("A landing page is a whole document and shows its form once.")),
    _warning("page-consent", _l("Consent in forms"), _l("A form asks for the consent that contacting needs.")),
    _warning("page-weight", _l("Weight of pages"), _l("A page without its photos stays under 150 kB.")),
    _error("typst", _l("Typst compiles"), _l("Documents and banners compile without packages and plugins.")),
    _error("banner", _l("Banners have room"), _l("A banner has its size, and every text fits into it.")),
    _error("glyphs", _l("Letters have a font"), _l("Documents and banners show no empty boxes for letters.")),
    _warning("document-pages", _l("One page"), _l("A document fits on one page with every sample brand.")),
    # Mails and pages alike
    _error("legal-text", _l("Legal texts"), _l("Every mail and page shows the legal texts of the partner's country.")),
    _error("logo", _l("Room for logos"), _l("A logo's space and ground follow the kit's brand rules.")),
    _error("links", _l("Links resolve"), _l("Links are https, or lead to something that there is.")),
    _error("link-text", _l("Link texts"), _l("A link says where it leads.")),
    _error("outside", _l("Nothing from elsewhere"), _l("Pieces hold no script and load nothing from other sites.")),
    _error("language", _l("Language and direction"), _l("A piece names its language and its direction.")),
    _error("alt-text", _l("Alternative texts"), _l("Pictures have an alternative text, empty for decoration.")),
    _warning("table-role", _l("Layout tables say so"), _l("A table that only lays out has the role presentation.")),
    _error("headings", _l("Order of headings"), _l("Headings skip no level.")),
    _error("contrast", _l("Contrast"), _l("Text reaches 4.5:1, large text 3:1, in the colours it really has.")),
    _warning("touch-size", _l("Touch size"), _l("Buttons are 44 pixels high, other targets 24.")),
    _warning("text-expansion", _l("Room for longer texts"), _l("Layouts and limits hold with longer texts.")),
    _warning("mirrored", _l("Mirrored right to left"), _l("What leans left in English leans right in Arabic.")),
    _warning("image-weight", _l("Weight of pictures"), _l("Pictures are light, each and together.")),
    _warning("image-unused", _l("Pictures are used"), _l("A kit carries no picture that no piece shows.")),
    # Translations
    _error("catalogue", _l("Catalogues can be read"), _l("Each declared locale has a sound catalogue.")),
    _error("translation", _l("Translations are complete"), _l("Every text is translated and reviewed.")),
    _warning("translation-stale", _l("No stale translations"), _l("Catalogues hold only what the kit still says.")),
    _warning("translation-fallback", _l("Stand-in languages"), _l("A locale that reads another one's texts says so.")),
    _error("term", _l("The glossary is kept"), _l("Names stay as they are; terms become what the glossary says.")),
    _error("placeholder", _l("Placeholders are kept"), _l("Placeholders, tags and plural forms stay.")),
)  # fmt: skip

BY_NAME = {rule.name: rule for rule in RULES}
