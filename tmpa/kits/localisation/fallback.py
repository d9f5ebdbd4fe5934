"""Which locale stands in for which: fr-CA reads French where the kit has no Canadian French, then the source."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.localedata import locale_identifiers

from tmpa.kits.source import KitSource


def _parse(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return None


def _script(tag: str) -> str:
    """The script that a tag is most likely written in; "" when nobody knows."""
    known = _parse(tag)
    if known is None:
        return ""
    if known.script:
        return str(known.script)
    likely = get_global("likely_subtags").get(str(known)) or get_global("likely_subtags").get(known.language)
    full = _parse(likely.replace("_", "-")) if likely else None
    return str(full.script or "") if full else ""


@lru_cache(maxsize=1024)
def parents(tag: str) -> tuple[str, ...]:
    """The more general locales of a tag, nearest first: CLDR's parents, then tags cut short; never another script.

    es-MX → es-419, es; fr-CA → fr; zh-TW → zh-Hant, but not zh, which is written in the other script.
    """
    exceptions: dict[str, str] = dict(get_global("parent_exceptions"))
    script, found, at = _script(tag), [], tag
    for _step in range(4):  # language-script-territory-variant: no tag is longer
        named = exceptions.get(at.replace("-", "_"), "")
        if named and named != "root":
            at = named.replace("_", "-")
        elif "-" in at:
            at = at.rpartition("-")[0]
        else:
            break
        if at not in found and at != tag and _script(at) == script:
            found.append(at)
    if script and (with_script := f"{tag.split('-')[0]}-{script}") not in (*found, tag):
        found.insert(0, with_script)
    return tuple(found)


@lru_cache(maxsize=256)
def other_scripts(tag: str) -> frozenset[str]:
    """Tags of the same language, in small letters, whose people read another script: zh-tw and zh-hant-hk for zh."""
    language, script = tag.split("-")[0].lower(), _script(tag)
    if not script:
        return frozenset()
    likely: dict[str, str] = dict(get_global("likely_subtags"))
    known = {each for each in (*locale_identifiers(), *likely) if each.split("_")[0] == language}
    tags = {each.replace("_", "-") for each in known}
    return frozenset(each.lower() for each in tags if _script(each) not in ("", script))


def has_locale(source: KitSource, locale: str) -> bool:
    """Whether the kit has texts for that very locale: it is the source, or has a catalogue."""
    return locale == source.manifest.source_locale or f"locales/{locale}.po" in source.files


def fallback_chain(source: KitSource, locale: str) -> tuple[str, ...]:
    """The locales whose texts people of `locale` read, nearest first; the last is the source locale.

    The first one is `locale` itself where the kit has it. ("fr", "en") for fr-CA says: fr-CA uses French, and English
    for what French lacks. Show it wherever the first is not what was asked for.
    """
    origin = source.manifest.source_locale
    chain: list[str] = []
    for tag in (locale, *parents(locale)):
        if has_locale(source, tag):
            chain.append(tag)
        if tag == origin:
            break
    return tuple(chain if origin in chain else [*chain, origin])


def stand_in(source: KitSource, locale: str) -> str | None:
    """The locale that stands in for `locale` as a whole; None where the kit has it itself."""
    first = fallback_chain(source, locale)[0]
    return None if first == locale else first
