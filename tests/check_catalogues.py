"""Is every text of the portal there in every shipped language? With --update: bring the .po files up to date.

python -m tests.check_catalogues [--update]

A text counts as there when it is translated, not fuzzy, and has the same placeholders as the English one.
Texts of kits lie with their kits, and `tmpa kit check` looks after them.
"""

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from tmpa.kernel.i18n import LOCALES

ROOT = Path(__file__).resolve().parent.parent
SOURCE = "en"
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.mjml", "jinja2")]
OPTIONS = {
    name: {"newstyle_gettext": "true", "silent": "false", "trimmed": "true"} for name, _method in METHODS
}
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def extracted() -> Catalog:
    """Every text that the code and templates ask for."""
    found = Catalog(project="tmpa", charset="utf-8")
    for room in ("tmpa", "workers"):
        messages = extract_from_dir(ROOT / room, METHODS, OPTIONS, KEYWORDS, comment_tags=("Translators:",))
        for file, line, text, comments, context in messages:
            if not {"_data", "skeleton"} & set(Path(file).parts):  # a new kit's texts lie with the kit
                found.add(text, None, [(f"{room}/{file}", line)], auto_comments=comments, context=context)
    return found


def catalogue_path(language: str) -> Path:
    """Where a language's catalogue lies."""
    return ROOT / "locales" / language / "LC_MESSAGES" / "messages.po"


def catalogue(language: str) -> Catalog:
    """A language's catalogue; an empty one when there is no file."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language, project="tmpa", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def problem(wanted: Message, there: Message | None) -> str:
    """What is wrong with one text's translation; empty when nothing is."""
    if there is None:
        return "missing"
    if there.fuzzy:
        return "fuzzy"
    forms = there.string if isinstance(there.string, (tuple, list)) else (there.string,)
    if not all(forms):
        return "not translated"
    sources = wanted.id if isinstance(wanted.id, (tuple, list)) else (wanted.id,)
    names = {name for source in sources for name in PLACEHOLDER.findall(source)}
    for form in forms:
        given = set(PLACEHOLDER.findall(form))
        # A language may leave the number out where the form itself says it ("one mail", the dual in Arabic).
        if given - names or (names - given) - ({"num"} if len(sources) > 1 else set()):
            return f"placeholders differ: {sorted(given ^ names)}"
    return ""


def update() -> None:
    """Add new texts to every catalogue, drop those no longer used, keep translations. No guesses, no dates."""
    wanted = extracted()
    for language in LOCALES:
        if language != SOURCE:
            kept = catalogue(language)
            kept.update(wanted, no_fuzzy_matching=True)
            kept.obsolete.clear()
            kept.fuzzy = False  # a catalogue whose header is marked so is passed over when compiling
            path = catalogue_path(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                write_po(file, kept, width=110, sort_output=True, omit_header=False, no_location=True)


def main() -> int:
    """Print what is missing, 20 lines a language; 1 when anything is."""
    if "--update" in sys.argv:
        update()
    wanted = extracted()
    texts = [message for message in wanted if message.id]
    failed = 0
    for language in LOCALES:
        if language == SOURCE:
            continue
        there = catalogue(language)
        found = [(m, problem(m, there.get(m.id, m.context))) for m in texts]
        bad = [(message, text) for message, text in found if text]
        failed += len(bad)
        print(f"{language}: {len(texts) - len(bad)} of {len(texts)} texts translated")
        for message, text in bad[:20]:
            file, line = message.locations[0]
            print(f"  {file}:{line}: {text}: {str(message.id)[:90]!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
