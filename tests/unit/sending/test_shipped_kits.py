"""Every mail of every shipped kit in every language leaves as a valid message that says what the kit says."""

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.sending.test_compile import SIGNER, VENDOR, WHERE, check_form, parse, parts
from tmpa.kernel.tracking_tokens import decode
from tmpa.kits.brand import SAMPLE_BRAND
from tmpa.kits.manifest import MailPiece
from tmpa.kits.render import recipient_values, render_mail
from tmpa.kits.slots import validate_slots
from tmpa.kits.source import read_folder
from tmpa.sending.compile import Addressee, Sender, compile_mail, message_id

KITS = sorted(path for path in (Path(__file__).resolve().parents[3] / "campaigns").iterdir() if path.is_dir())
CASES = [(kit, locale) for kit in KITS for locale in ("en", "de", "fr", "ja", "ar")]
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(("folder", "locale"), CASES, ids=[f"{kit.name}-{locale}" for kit, locale in CASES])
def test_a_kit_s_mails(folder: Path, locale: str) -> None:
    kit = read_folder(folder)
    slots = validate_slots(kit, {}, locale, partial=True)
    recipient = uuid.UUID(int=9)
    names = {"en": "Zoë", "de": "Jörg", "fr": "Chloé", "ja": "花子", "ar": "ليلى"}
    for piece in (each for each in kit.manifest.pieces if isinstance(each, MailPiece)):
        rendered = render_mail(kit, piece.name, locale, SAMPLE_BRAND, slots, page_url="https://pages.example/x/",
                               asset_url=lambda path: f"https://pages.example/{path}")  # fmt: skip
        sender = Sender(SAMPLE_BRAND.name, "no-reply@tmpa.example", "hello@partner.example")
        mail = compile_mail(rendered, locale, VENDOR, "spring", sender, WHERE, SIGNER)
        data = mail.build(Addressee(recipient, "a@b.example", names[locale], "", "Kontor"), NOW)
        check_form(data)
        message = parse(data)
        assert not message.defects and message["Message-ID"] == f"<{message_id(recipient, 'tmpa.example')}>"
        values = recipient_values(locale, names[locale], "Kontor")
        assert message["Subject"] == rendered.subject.fill(values)
        text, html = parts(message)
        links = re.findall(r'href="(https://t\.example/c/[^"]+)"', html)
        assert links, "no tracked link"
        for link in links:
            path, _mark, target = link.partition("?u=")
            assert target and len(path.rpartition("/")[2]) == 70
        unsubscribe = re.findall(r"https://portal\.example/u/([\w-]{70})", html)
        assert unsubscribe and {decode(SIGNER, "unsubscribe", each).subject_id for each in unsubscribe} == {
            recipient
        }
        assert "https://portal.example/u/" in text and "https://t.example/c/" in text
        assert "https://t.example/o/" in html and names[locale] in html and names[locale] in text
        plain = rendered.html.fill({**values, "unsubscribe": "#", "pixel": "#"})
        assert _words(html) == _words(plain), "the words of the mail changed"


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
