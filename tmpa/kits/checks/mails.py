"""Rules of mails alone: footer, subject, spam triggers, plain-text part, size."""

import re
from collections.abc import Iterator

from tmpa.kernel.i18n import gettext as _
from tmpa.kits.checks.finished import Finished, find_place, text_of
from tmpa.kits.checks.spam_words import PHRASES, REPLY_PREFIXES
from tmpa.kits.compile import CompiledPiece
from tmpa.kits.findings import Finding, error, warning
from tmpa.kits.manifest import FILE, MailPiece
from tmpa.kits.source import KitSource
from tmpa.kits.toml_lines import key_lines, line_of
from tmpa.kits.values import count_characters

MAX_MAIL_BYTES = 102_000  # Gmail clips what is longer
WARN_MAIL_BYTES = 80_000
TRACKED_LINK_BYTES = 200  # a link is sent as the tracking address with a token, the target behind it
MAX_SUBJECT = 90
MAX_ADDRESS = 200
MIN_TEXT = 40
_REPLY = re.compile(
    rf"^\s*({'|'.join(map(re.escape, REPLY_PREFIXES))})\s*(\[\d+\]|\(\d+\))?\s*[:\uff1a]", re.IGNORECASE
)
_MARKUP = re.compile(
    r"</?[a-z][a-z0-9]*[\s>/]|&(?:nbsp|amp|lt|gt|quot|[a-z]{2,8}|#\d+);|\{\{|\{%|%\([a-z_]+\)s"
)
_LONG_ADDRESS = re.compile(r"https?://\S+")
_MONEY = re.compile(r"[$€£¥]{2,}|[$€£¥]\s?\d[\d.,]*\s?(?:!|000)|\d\s?[$€£¥]\s?!")
_ASCII_BOUNDARY = r"(?<![\w]){}(?![\w])"


def subject_line(source: KitSource, piece: MailPiece, key: str = "subject") -> int:
    """Where kit.toml says the piece's subject (or preheader)."""
    place = ("pieces", source.manifest.pieces.index(piece), key)
    return line_of(key_lines(source.text(FILE)), place)


def check_footer(source: KitSource, piece: MailPiece, compiled: CompiledPiece) -> Iterator[Finding]:
    """Who writes and how to stop it stand in the HTML and in the text."""
    keys = {hole.key for hole in compiled.texts["html"].holes}
    for key, written in (
        ("unsubscribe", "{{ link.unsubscribe }}"),
        ("privacy", "{{ link.privacy }}"),
        ("brand.legal_name", "{{ brand.legal_name }}"),
        ("brand.address", "{{ brand.address }}"),
    ):
        if key not in keys:
            message = _("The mail doesn't show %(what)s, which the law wants in every mail.", what=written)
            yield error("mail-footer", piece.template, 0, message, _("Print it in the footer."))
    in_text = {hole.key for hole in compiled.texts["text"].holes}
    if "unsubscribe" in keys and "unsubscribe" not in in_text:
        message = _("The plain-text part has no way to unsubscribe.")
        place = find_place(source, piece.template, ("link.unsubscribe",))
        yield error("plain-text", *place, message, _("Don't hide the link from screen readers."))


def check_subject(
    source: KitSource, piece: MailPiece, subject: str, limit: int = MAX_SUBJECT + 60
) -> Iterator[Finding]:
    """A subject that lies about what it is, or that no inbox shows whole; `limit` allows for long sample values."""
    line = subject_line(source, piece)
    if _REPLY.search(subject):
        message = _("The subject “%(subject)s” pretends to be a reply.", subject=subject[:60])
        yield error("subject", FILE, line, message, _("Remove the prefix."))
    if not subject.strip():
        yield error("subject", FILE, line, _("The subject is empty."), _("Write a subject."))
    if count_characters(subject) > limit:
        message = _("The subject of %(piece)s is longer than mail programs show.", piece=piece.name)
        yield warning(
            "subject", FILE, line, message, _("Shorten it to about %(n)s characters.", n=MAX_SUBJECT)
        )


def phrases_in(text: str, locale: str) -> list[str]:
    """Spam phrases of the locale's language and of English in a text."""
    folded = re.sub(r"\s+", " ", text.casefold())
    language = locale.split("-")[0].lower()
    found = []
    for phrase in dict.fromkeys((*PHRASES.get(language, ()), *PHRASES["en"])):
        at = folded.find(phrase)
        if at < 0:
            continue
        if phrase[0].isascii() and not re.search(_ASCII_BOUNDARY.format(re.escape(phrase)), folded):
            continue
        found.append(phrase)
    return found


def shouts(text: str) -> bool:
    """Whether a text with capitals and small letters is nearly all capitals."""
    capitals = sum(char.isupper() for char in text)
    small = sum(char.islower() for char in text)
    return capitals >= 8 and capitals > 3 * small and len(re.findall(r"[^\W\d_]{2,}", text)) > 1


def check_spam(
    source: KitSource, piece: MailPiece, finished: Finished, subject: str, preheader: str
) -> Iterator[Finding]:
    """Triggers in subject, preheader, headings and link texts; marks of shouting in the whole mail."""
    locale = finished.locale
    for key, text in (("subject", subject), ("preheader", preheader)):
        line = subject_line(source, piece, key)
        mend = _("Say it calmly: filters and people take this for spam.")
        quoted = text.strip()[:60]
        if shouts(text):
            yield warning("spam", FILE, line, _("“%(text)s” is written in capitals.", text=quoted), mend)
        if "!!" in text or text.count("!") + text.count("\uff01") > 1:
            yield warning(
                "spam", FILE, line, _("“%(text)s” has several exclamation marks.", text=quoted), mend
            )
        if _MONEY.search(text):
            yield warning("spam", FILE, line, _("“%(text)s” shouts an amount of money.", text=quoted), mend)
        for phrase in phrases_in(text, locale):
            message = _("“%(text)s” says “%(phrase)s”.", text=quoted, phrase=phrase)
            yield warning("spam", FILE, line, message, mend)
    for element in finished.root.iter("h1", "h2", "h3", "a"):
        text = text_of(element)
        for phrase in phrases_in(text, locale):
            message = _("“%(text)s” says “%(phrase)s”.", text=text[:60], phrase=phrase)
            mend = _("Say it calmly: filters and people take this for spam.")
            yield warning("spam", *finished.at(text), message, mend)
    words = finished.words
    marks = words.count("!") + words.count("\uff01")
    if "!!!" in words or marks > 5:
        message = _("The mail has %(count)s exclamation marks.", count=marks)
        yield warning("spam", *finished.at("!!"), message, _("Keep one or two at most."))
    pictures = [item for item in finished.root.iter("img") if (item.get("width") or "2") not in {"0", "1"}]
    if pictures and len(re.findall(r"[^\W\d_]", words)) < 120:
        message = _("The mail is nearly all picture.")
        mend = _("Say what it says in text: many people see no pictures.")
        yield warning("image-only", *finished.at("<mj-image", "<img"), message, mend)


def check_plain_text(piece: MailPiece, text: str, targets: list[str]) -> Iterator[Finding]:
    """The text part has words, no leftover markup, no endless address. `targets` are link targets."""
    mend = _("Look at the mail's text with “tmpa kit render”.")
    bare = _LONG_ADDRESS.sub("", text)
    if len(re.findall(r"[^\W\d_]", bare)) < MIN_TEXT:
        yield error("plain-text", piece.template, 0, _("The plain-text part is empty or nearly so."), mend)
    if found := _MARKUP.search(bare):
        message = _("The plain-text part holds markup: %(what)s.", what=found[0].strip())
        yield warning("plain-text", piece.template, 0, message, mend)
    if long := next((item for item in targets if len(item) > MAX_ADDRESS), None):
        message = _("An address in the plain-text part has %(n)s characters.", n=len(long))
        yield warning("plain-text", piece.template, 0, message, _("Link to a shorter address."))


def check_size(
    source: KitSource, piece: MailPiece, compiled: CompiledPiece, html: str, locale: str
) -> Iterator[Finding]:
    """Bytes of the HTML as it is sent, with the longest brand, every slot filled to its limit and tracked links."""
    size = len(html.encode())
    average = len(html.encode()) / max(1, len(html)) if not html.isascii() else 1.0
    limits = {
        slot.name: slot.limit(locale) for slot in source.manifest.slots if slot.kind in {"text", "richtext"}
    }
    for hole in compiled.texts["html"].holes:
        if hole.kind == "link":
            size += TRACKED_LINK_BYTES
        elif hole.kind == "slot" and hole.name in limits:
            size += round(limits[hole.name] * max(average, 1.2))
    message = _("The mail has up to %(size)s kB; Gmail cuts off what is beyond 102 kB.", size=size // 1000)
    if size > MAX_MAIL_BYTES:
        yield error("mail-size", piece.template, 0, message, _("Shorten it."))
    elif size > WARN_MAIL_BYTES:
        yield warning("mail-size", piece.template, 0, message, _("Shorten it."))
