"""The few words that the platform itself puts into pieces, in the language of the piece (not of the viewer).

A kit may be in more locales than the portal, so these don't come from the portal's catalogues.
"""

import re
from dataclasses import dataclass

_EAST_ASIAN = re.compile("[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. `greeting` has `%(name)s`, `label_url` has `%(label)s` and `%(url)s`."""

    greeting: str
    greeting_nameless: str
    button: str
    choose: str
    leave_empty: str
    label_url: str = "%(label)s: %(url)s"


WORDS = {
    "en": Words("Hello %(name)s,", "Hello,", "Send", "Please choose", "Please leave this field empty"),
    "de": Words(
        "Guten Tag %(name)s,", "Guten Tag,", "Absenden", "Bitte wählen", "Bitte dieses Feld leer lassen"
    ),
    "fr": Words(
        "Bonjour %(name)s,",
        "Bonjour,",
        "Envoyer",
        "Veuillez choisir",
        "Veuillez laisser ce champ vide",
        "%(label)s : %(url)s",
    ),
    "ja": Words(
        "%(name)s 様",
        "ご担当者様",
        "送信する",
        "選択してください",
        "この欄は空欄のままにしてください",
        "%(label)s:%(url)s",
    ),
    "ar": Words("مرحبًا %(name)s،", "مرحبًا،", "إرسال", "يُرجى الاختيار", "يُرجى ترك هذا الحقل فارغًا"),
    "es": Words("Hola, %(name)s:", "Hola:", "Enviar", "Elija una opción", "Deje este campo vacío"),
    "it": Words("Buongiorno %(name)s,", "Buongiorno,", "Invia", "Scegliere", "Lasciare vuoto questo campo"),
    "pt": Words("Olá, %(name)s,", "Olá,", "Enviar", "Escolha uma opção", "Deixe este campo vazio"),
    "nl": Words("Beste %(name)s,", "Goedendag,", "Versturen", "Maak een keuze", "Laat dit veld leeg"),
    "zh": Words("%(name)s,您好:", "您好:", "提交", "请选择", "请将此栏留空", "%(label)s:%(url)s"),
}


def words(locale: str) -> Words:
    """The words of a locale's language; English where the platform doesn't know it."""
    return WORDS.get(locale.replace("_", "-").split("-")[0].lower(), WORDS["en"])


_SURNAME_FIRST = {"hu", "ja", "ko", "vi", "zh"}
_FULL_NAME = {"de", "hu", "ko", "zh"}
"""Languages that greet with the whole name: the first name alone would be too familiar."""


def full_name(locale: str, first_name: str, last_name: str) -> str:
    """A name in the order of the locale: Smith Anna in Hungary, 山田太郎 in Japan; foreign names keep their order."""
    first_name, last_name = first_name.strip(), last_name.strip()
    language = locale.replace("_", "-").split("-")[0].lower()
    if not first_name or not last_name or language not in _SURNAME_FIRST:
        return f"{first_name} {last_name}".strip()
    if language in ("hu", "vi"):
        return f"{last_name} {first_name}"
    if _EAST_ASIAN.fullmatch(first_name) and _EAST_ASIAN.fullmatch(last_name):
        return last_name + first_name
    return f"{first_name} {last_name}"


def _greeted(locale: str, first_name: str, last_name: str) -> str:
    """Which part of a name the language greets with."""
    language = locale.replace("_", "-").split("-")[0].lower()
    if language == "ja":
        return last_name or first_name
    return full_name(locale, first_name, last_name) if language in _FULL_NAME else first_name


def recipient_values(locale: str, first_name: str, company: str, last_name: str = "") -> dict[str, str]:
    """What fills the recipient holes of a mail: first_name, company and a greeting that copes without a name.

    The greeting has the part of the name that the language greets with, in its order. Values are raw: whoever
    splices them escapes for the place, and keeps line ends out of headers.
    """
    first_name, company, last_name = first_name.strip(), company.strip(), last_name.strip()
    chosen = words(locale)
    name = _greeted(locale, first_name, last_name)
    greeting = chosen.greeting % {"name": name} if name else chosen.greeting_nameless
    return {
        "recipient.first_name": first_name,
        "recipient.company": company,
        "recipient.greeting": greeting,
    }
