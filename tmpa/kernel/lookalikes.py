"""Host names and words made to be taken for others: letters of several scripts, letters that look like Latin ones.

After Unicode TR 39 ("highly restrictive") and what browsers refuse to show: a name is refused, never rewritten.
"""

import unicodedata

import regex

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import gettext as _

_SCRIPTS = (
    "Latin", "Cyrillic", "Greek", "Armenian", "Hebrew", "Arabic", "Han", "Hiragana", "Katakana", "Bopomofo", "Hangul",
    "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Tamil", "Telugu", "Kannada", "Malayalam", "Thai", "Lao", "Khmer",
    "Georgian", "Ethiopic", "Sinhala", "Myanmar", "Cherokee",
)  # fmt: skip
_OF_SCRIPT = {name: regex.compile(rf"\p{{Script={name}}}") for name in _SCRIPTS}
_SHARED = regex.compile(r"[\p{Script=Common}\p{Script=Inherited}]")
# Scripts that one language writes together (TR 39, section 5.2).
_TOGETHER = (
    {"Latin", "Han", "Hiragana", "Katakana"},
    {"Latin", "Han", "Bopomofo"},
    {"Latin", "Han", "Hangul"},
)
_ODD_LATIN = regex.compile(
    r"[\u0250-\u02ff\u1d00-\u1dff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f\uff00-\uffef]"
)

# Small letters that are hardly told from a Latin one, by the Latin letter (from Unicode's confusables).
_LIKE_LATIN = {
    "a": "аɑα", "b": "ЬьƄ", "c": "сϲᴄ", "d": "ԁ", "e": "еҽ℮", "g": "ɡց", "h": "һհ", "i": "іıιɩӏ", "j": "јϳ", "k": "κк",
    "l": "ӏǀ", "m": "м", "n": "ոռη", "o": "оοօσ", "p": "рρ", "q": "ԛգ", "r": "гᴦ", "s": "ѕꜱ", "t": "тτ", "u": "սυ",
    "v": "ѵνᴠ", "w": "ԝաω", "x": "хχ", "y": "уүγყ", "z": "ᴢ",
}  # fmt: skip
_TO_LATIN = {ord(other): latin for latin, others in _LIKE_LATIN.items() for other in others}
# Under these endings a name in that script is at home, and nobody takes it for a Latin one.
_AT_HOME = {
    "Cyrillic": {"bg", "by", "kg", "kz", "me", "mk", "mn", "rs", "ru", "su", "ua", "uz"},
    "Greek": {"cy", "gr"},
    "Armenian": {"am"},
}
_UNSEEN = regex.compile(r"[\p{Cf}\u034f\u115f\u1160\u3164\uffa0]")


def scripts_of(label: str) -> set[str]:
    """The scripts of a label's letters; those that every script shares (digits, hyphens) apart."""
    found = set()
    for letter in label:
        if not _SHARED.match(letter):
            found.add(next((name for name, is_of in _OF_SCRIPT.items() if is_of.match(letter)), "another"))
    return found


def host_problem(host: str) -> str:
    """Why a host name (ASCII form) could be taken for another one; empty when it can't. Raises UnicodeError."""
    labels = [label.encode("ascii").decode("idna") if "xn--" in label else label for label in host.split(".")]
    for label in labels:
        if label.isascii():
            continue
        scripts = scripts_of(label)
        if len(scripts) > 1 and not any(scripts <= group for group in _TOGETHER):
            return _(
                "“%(label)s” mixes letters of several scripts (%(scripts)s): it could be taken for another site.",
                label=label,
                scripts=", ".join(sorted(scripts)),
            )
        if regex.search(r"[\p{Cf}\p{Cn}\p{Co}\p{Zs}]", label) or (
            "Latin" in scripts and _ODD_LATIN.search(label)
        ):
            return _(
                "“%(label)s” has letters that look like others: it could be taken for another site.",
                label=label,
            )
        letters = [letter for letter in label if letter.isalpha()]
        if (
            "Latin" not in scripts
            and labels[-1].isascii()
            and not any(labels[-1] in _AT_HOME.get(script, ()) for script in scripts)
            and all(ord(letter) in _TO_LATIN for letter in letters)
        ):
            return _(
                "“%(label)s” reads as “%(latin)s” but is not: it could be taken for another site.",
                label=label,
                latin=label.translate(_TO_LATIN),
            )
    return ""


def check_host(host: str, field: str) -> None:
    """Raises Refused for a host name that could be taken for another one."""
    try:
        problem = host_problem(host)
    except UnicodeError:
        raise Refused(
            _("“%(host)s” is not a site's name that browsers understand.", host=host[:80]), field
        ) from None
    if problem:
        raise Refused(problem, field)


def plainly(text: str) -> str:
    """`text` in small letters as the eye reads it, for comparing words: wide forms, hidden characters, look-alikes."""
    folded = unicodedata.normalize("NFKC", _UNSEEN.sub("", text)).casefold()
    return folded.translate(_TO_LATIN)
