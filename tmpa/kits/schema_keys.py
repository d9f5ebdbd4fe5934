"""What each key of kit.toml means: for the JSON Schema that editors show, and for the tables of docs/kit-format.md."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Key:
    """A key's meaning in a sentence or two, an example, and the unit of its value where it has one.

    `translated` says that the value is in the source locale and is translated through the catalogues.
    """

    meaning: str
    example: Any
    unit: str = ""
    translated: bool = False


def _text(meaning: str, example: Any) -> Key:
    return Key(meaning, example, translated=True)


CHARACTERS = "characters as people count them"
PIXELS = "CSS pixels"

_PIECE = {
    "kind": Key("What the piece is.", "mail"),
    "name": Key("The piece's name in this kit: small letters, digits and dashes. Keep it from version to version.",
                "announcement"),
    "title": _text("What the partner reads on the piece's tab.", "Mail: announcement"),
}  # fmt: skip


def _piece(kind: str, name: str, title: str, template: str) -> dict[str, Key]:
    return {
        "kind": Key("What the piece is.", kind),
        "name": Key(_PIECE["name"].meaning, name),
        "title": _text(_PIECE["title"].meaning, title),
        "template": Key("The file that the piece is made from, by its path in the kit.", template),
    }


KEYS: dict[str, dict[str, Key]] = {
    "Manifest": {
        "format": Key("The version of this format. There is only 1.", 1),
        "name": Key("The kit's name: 3 to 60 small letters, digits and dashes. Stable for ever, it ties the versions"
                    " together.", "calm-backup"),
        "version": Key("The semantic version. A published version never changes, so raise it for every change.",
                       "1.2.0"),
        "title": _text("What partners call it.", "10:12 to 10:27"),
        "summary": _text("One or two sentences that tell a partner what it is and for whom.",
                         "Backup for small companies, told as one Tuesday morning."),
        "products": Key("The products that it sells.", ["Stillhaven Recovery"]),
        "audience": _text("Who receives it.", "Owners and office managers of companies with 5 to 100 people"),
        "source_locale": Key("The locale of the texts in kit.toml and the templates (BCP 47), one of locales.", "en"),
        "locales": Key("Every locale that the kit speaks (BCP 47), in the order in which partners see them. Each but"
                       " the source locale has a catalogue, locales/de.po for de.", ["en", "de", "pt-BR"]),
        "valid_from": Key("The first day on which partners may start campaigns. Left out: at once.", "2026-01-01",
                          "day"),
        "valid_until": Key("The last day on which partners may start campaigns. Left out: without end.", "2027-12-31",
                           "day"),
        "territories": Key("Only partners of these territories may use the kit, by the names in the partner programme"
                           " (capitals don't matter). Empty: all.", ["DACH", "Benelux"]),
        "tiers": Key("Only partners of these tiers may use the kit. Empty: all.", ["Gold", "Platinum"]),
        "certifications": Key("Only partners that have all of these certifications may use the kit. Empty: none is"
                              " needed.", ["Recovery Specialist"]),
        "clients": Key("The mail programs that every mail must work in, by their names in the caniemail data.",
                       ["apple-mail", "gmail", "outlook"]),
        "accent": Key("The kit's own colour, for locked regions: kit.accent in templates.", "#0b6e4f", "#rrggbb"),
        "vendor": Key("Who publishes the kit.", {"name": "Stillhaven"}),
        "mdf": Key("What the campaign may cost, and as what it counts for funding.", {"currency": "EUR"}),
        "brand": Key("What you ask of a partner's brand and words.", {"min_logo_width": 120}),
        "severity": Key("Warnings that shall stop publishing: the rule's name, then \"error\". Nothing can be lowered.",
                        {"slot-unused": "error"}),
        "legal": Key("Texts that the law wants, by the country of the partner's brand: `legal` in templates.",
                     [{"country": "DE", "text": "Angebot nur für Unternehmen."}]),
        "terms": Key("The glossary: words that stay as they are, or have one translation.", [{"term": "Stillhaven"}]),
        "slots": Key("The places that partners fill in. Everything else is locked.",
                     [{"name": "headline", "kind": "text", "label": "Headline", "default": "A calm day"}]),
        "pieces": Key("What is sent and shown.",
                      [{"name": "linkedin", "kind": "social", "title": "LinkedIn post", "network": "linkedin",
                        "template": "social/linkedin.txt"}]),
        "journey": Key("The suggested order of the mails.", [{"step": "announcement", "piece": "announcement"}]),
    },
    "Vendor": {
        "name": Key("Your company as people call it.", "Stillhaven"),
        "legal_name": Key("Your company as the register has it.", "Stillhaven Software GmbH"),
        "address": Key("Your postal address in one line.", "Lindenufer 12, 20457 Hamburg, Germany"),
        "privacy_url": Key("Your privacy page: link.privacy in templates leads there.", "https://stillhaven.example/privacy"),
    },
    "Mdf": {
        "activity_types": Key("The activities of your funding programme that the campaign counts as.",
                              ["email", "landing_page"]),
        "suggested_budget_minor": Key("The budget that you suggest: 250000 is 2,500.00 EUR.", 250000,
                                      "minor units of currency"),
        "currency": Key("The currency of the budget.", "EUR", "ISO 4217"),
    },
    "BrandRules": {
        "min_logo_width": Key("No logo is drawn narrower than this.", 120, PIXELS),
        "clear_space": Key("Space around a logo in which nothing stands.", 8, PIXELS),
        "min_contrast": Key("The contrast that a partner's main colour must reach with the text on it.", 4.5,
                            "WCAG contrast ratio, 1 to 21"),
        "colours": Key("The only colours that a partner's main colour may become; others are moved to the nearest."
                       " Empty: any.", ["#0b6e4f", "#1f4e79"], "#rrggbb"),
        "backgrounds": Key("The backgrounds that your pieces put behind a logo; the logo's light or dark version is"
                           " chosen for them. Empty: any.", ["#ffffff"], "#rrggbb"),
        "forbidden_words": Key("Words that partners can't write in slots, whole words in any case.", ["guaranteed"]),
    },
    "Legal": {
        "country": Key("The country whose law wants the text, or \"*\" for every one. Those of \"*\" come first.", "DE",
                       "ISO 3166-1 alpha-2"),
        "text": _text("The text.", "Offer for companies only."),
    },
    "Term": {
        "term": Key("A word or name of the source locale.", "Restore test"),
        "translations": Key("What it becomes, by locale. Without any, it stays as it is everywhere.",
                            {"de": "Wiederherstellungstest"}),
    },
    "Slot": {
        "name": Key("The slot's name in templates (slot.headline): small letters, digits and _.", "headline"),
        "kind": Key("What is filled in: text (one line), richtext (p, strong, em, ul, ol, li, a, br), image, choice,"
                    " date, money or link.", "text"),
        "label": _text("What the partner reads above the field.", "Headline"),
        "help": _text("What the partner reads below the field.", "The first thing that people read."),
        "required": Key("Whether a campaign can't start while it is empty.", True),
        "max_length": Key("The longest value of a text, rich text or picture's description. Left out: 300, rich text"
                          " 2000.", 80, CHARACTERS),
        "max_lengths": Key("Other limits in some locales, by locale or language.", {"de": 100, "ja": 40}, CHARACTERS),
        "choices": Key("The answers of a choice, one of which the partner picks.",
                       [{"value": "office", "label": "Offices"}]),
        "domains": Key("Where a link (also one in rich text) may lead: [\"*\"] is anywhere, [\"example.com\"] covers"
                       " its subdomains.", ["example.com"]),
        "default": _text("For text, rich text and choice: stands in where the partner leaves the slot empty.",
                         "At 10:12 the files were gone."),
        "example": _text("A value that shows what is meant: for previews and checks, never in a campaign.",
                         "Ask Kim for a tour of the workshop"),
        "ratio": Key("For image: the shape to which pictures are cut, width to height. Left out: as uploaded.", "16:9",
                     "width:height"),
        "min_width": Key("For image: narrower pictures are refused.", 1200, "pixels of the picture"),
    },
    "Choice": {
        "value": Key("The value that templates compare: letters, digits, - and _.", "office"),
        "label": _text("What people read.", "Offices and agencies"),
    },
    "FormField": {
        "name": Key("The field's name in what is submitted: small letters, digits and _.", "email"),
        "kind": Key("What is asked for. A form has one of the kind email and should have one of the kind consent.",
                    "email"),
        "label": _text("What people read above the field, or beside the tick of a consent.", "Work e-mail"),
        "required": Key("Whether people must answer.", True),
        "choices": Key("The answers of a choice.", [{"value": "small", "label": "Up to 20 people"}]),
    },
    "MailPiece": {
        **_piece("mail", "announcement", "Mail: announcement", "mails/announcement.mjml"),
        "subject": _text("The subject. May hold {{ slot.x }}, {{ brand.name }} and {{ recipient.first_name }}.",
                         "10:12 files gone, 10:27 back at work"),
        "preheader": _text("What inboxes show after the subject; the same holes.", "One ordinary morning."),
    },
    "PagePiece": {
        **_piece("page", "landing", "Landing page", "pages/landing.html"),
        "page_title": _text("The title of the browser's tab. May hold {{ slot.x }} and {{ brand.name }}.",
                            "Talk to {{ brand.name }}"),
        "description": _text("What search engines and shared links show; the same holes.",
                             "Half an hour with an engineer, free of charge."),
        "button": _text("The text of the form's button. Left out: Send, in the piece's language.", "Ask for a call"),
        "fields": Key("The fields of the page's form, in their order.",
                      [{"name": "email", "kind": "email", "label": "Work e-mail", "required": True}]),
        "thanks_title": _text("The heading that people see after the form.", "Thank you."),
        "thanks_text": _text("The text below that heading: say what happens next, and when.",
                             "We will call you within one working day."),
    },
    "SocialPiece": {
        **_piece("social", "linkedin", "LinkedIn post", "social/linkedin.txt"),
        "network": Key("The network it is for: small letters, digits and _.", "linkedin"),
        "max_length": Key("The longest post that the network takes.", 3000, CHARACTERS),
    },
    "DocumentPiece": _piece("document", "onepager", "One-pager", "documents/onepager.typ"),
    "BannerPiece": {
        **_piece("banner", "display", "Display banner", "banners/display.typ"),
        "sizes": Key("The sizes in which the banner is drawn, each a picture of its own.", ["728x90", "300x250"],
                     f"{PIXELS}, width x height"),
        "alt": _text("What stands for the picture where it can't be seen.", "A morning without lost files"),
    },
    "SnippetPiece": {
        **_piece("snippet", "teaser", "Teaser for your site", "snippets/teaser.html"),
        "height": Key("The height of the frame in which a partner's own site shows it.", 320, PIXELS),
    },
    "JourneyStep": {
        "step": Key("The step's name: small letters, digits and dashes.", "reminder"),
        "piece": Key("The mail that is sent.", "reminder"),
        "day": Key("When it is sent, counted from the launch.", 3, "days"),
        "only": Key("Who receives it: all, or those who have not clicked, opened or submitted so far.", "not_clicked"),
    },
}  # fmt: skip
