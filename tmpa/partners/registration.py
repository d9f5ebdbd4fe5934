"""What the law of a partner's country wants printed beside its name and address, as data: fields, patterns, sources.

Every mail and page that a company sends is commercial correspondence, so the rules for business letters hold. Values
are kept by field name (`BrandProfile.registration`) and printed as one line in the language of the piece.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from babel import Locale

from tmpa.kernel.errors import Refused
from tmpa.kernel.i18n import babel_locale, current_locale, direction, use_locale
from tmpa.kernel.i18n import gettext as _
from tmpa.kernel.i18n import lazy_gettext as _l

UNREGISTERED = "unregistered"
PREFIX = "registration-"
SHOWN = "registration-shown"  # marks a form that had the checkbox, ticked or not
LIMIT = 200  # characters of one value
_UNSEEN = re.compile(r"[\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp", "Co", "Cn"}  # Unicode categories
_FSI, _PDI = "\u2068", "\u2069"
_COLONS = {"fr": "\u00a0: ", "ja": "\uff1a", "zh": "\uff1a"}


@dataclass(frozen=True, slots=True)
class RegistrationField:
    """One thing that a country's law wants. `pattern` is the format of what people type, without spaces and dots.

    `own` is the term in the country's languages; other languages print `label`. `in_register` fields are asked only of
    companies that stand in a register. `bare`: the value is printed without its label.
    """

    name: str
    label: Any
    example: str
    pattern: str = ""
    own: Mapping[str, str] = field(default_factory=dict)
    help: Any = ""
    required: bool = False
    in_register: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Country:
    """The fields of one country, in the order in which they are printed."""

    fields: tuple[RegistrationField, ...]

    @property
    def has_register(self) -> bool:
        """Whether a company may say that it stands in no register."""
        return any(item.in_register for item in self.fields)


def _vat(pattern: str, example: str, **own: str) -> RegistrationField:
    # Directive 2000/31/EC (e-commerce), art. 5 (1) g: the VAT number of whoever has one
    return RegistrationField("vat_id", _l("VAT number"), example, pattern, own, _l("If you have one."))


def _seat(**own: str) -> RegistrationField:
    return RegistrationField(
        "seat", _l("Registered seat"), "Kiel", own=own, help=_l("The town of the registered office."),
        required=True, in_register=True,
    )  # fmt: skip


def _court(example: str, **own: str) -> RegistrationField:
    return RegistrationField(
        "register_court", _l("Register court"), example, own=own, required=True, in_register=True
    )


def _legal_form(example: str, **own: str) -> RegistrationField:
    return RegistrationField(
        "legal_form", _l("Legal form"), example, own=own, required=True, in_register=True
    )


def _capital(example: str, *, required: bool, **own: str) -> RegistrationField:
    return RegistrationField(
        "capital", _l("Share capital"), example, own=own, help=_l("As your articles state it, with the currency."),
        required=required, in_register=True,
    )  # fmt: skip


def _number(
    name: str, label: Any, example: str, pattern: str, *, in_register: bool = True, required: bool = True,
    help: Any = "", **own: str,
) -> RegistrationField:  # fmt: skip
    return RegistrationField(name, label, example, pattern, own, help, required, in_register)


COUNTRIES: dict[str, Country] = {
    # Germany: GmbHG § 35a, AktG § 80, HGB §§ 37a, 125a (business letters of any form); DDG § 5 (imprint)
    "DE": Country((
        _seat(de="Sitz"),
        _court("Amtsgericht Kiel", de="Registergericht"),
        RegistrationField(
            "register_number", _l("Register number"), "HRB 12345", r"(HRA|HRB|GNR|GSR|PR|VR)\d{1,6}[A-Z]{0,3}",
            {"de": "Registernummer"}, required=True, in_register=True,
        ),
        RegistrationField(
            "directors", _l("Managing directors"), "Kim Beispiel, Robin Muster", own={"de": "Geschäftsführung"},
            help=_l("All of them, with first and last name; a sole merchant names the owner."),
            required=True, in_register=True,
        ),
        _vat(r"DE\d{9}", "DE123456789", de="USt-IdNr."),
    )),
    # Austria: UGB § 14 (business letters and websites); ECG § 5
    "AT": Country((
        _seat(de="Sitz"),
        _court("Handelsgericht Wien", de="Firmenbuchgericht"),
        RegistrationField(
            "register_number", _l("Register number"), "FN 123456a", r"FN\d{1,6}[A-Z]", {"de": "Firmenbuchnummer"},
            required=True, in_register=True,
        ),
        _vat(r"ATU\d{8}", "ATU12345678", de="UID-Nr."),
    )),
    # Switzerland: UIDG art. 5, MWSTG art. 26; OR art. 954a wants the full registered name, which is the legal name
    "CH": Country((
        RegistrationField(
            "uid", _l("Company number"), "CHE-123.456.789", r"CHE\d{9}(MWST|TVA|IVA|VAT)?",
            {"de": "UID", "fr": "IDE", "it": "IDI"}, _l("If you have one."),
        ),
    )),
    # United Kingdom: Company, LLP and Business (Names and Trading Disclosures) Regulations 2015, regs 24, 25
    "GB": Country((
        RegistrationField(
            "registered_in", _l("Registered in"), "England and Wales", own={"en": "Registered in"},
            help=_l("The part of the United Kingdom."), required=True, in_register=True,
        ),
        _number(
            "company_number", _l("Company number"), "01234567", r"([A-Z]{2}\d{6}|\d{8})", en="Company number"
        ),
        RegistrationField(
            "registered_office", _l("Registered office"), "1 High Street, Leeds LS1 1AA",
            own={"en": "Registered office"}, required=True, in_register=True,
        ),
        _vat(r"GB(\d{9}|\d{12})", "GB123456789", en="VAT number"),
    )),
    # Ireland: Companies Act 2014, s. 151
    "IE": Country((
        _number("company_number", _l("Company number"), "123456", r"\d{4,7}", en="Registered in Ireland, number"),
        RegistrationField(
            "registered_office", _l("Registered office"), "1 Main Street, Cork", own={"en": "Registered office"},
            required=True, in_register=True,
        ),
        _vat(r"IE\d[0-9A-Z+*]\d{5}[A-Z]{1,2}", "IE1234567A", en="VAT number"),
    )),
    # France: Code de commerce R123-237 (number, RCS town), R123-238 (form and capital of companies)
    "FR": Country((
        _legal_form("SAS", fr="Forme juridique"),
        _capital("10 000 €", required=False, fr="Capital social"),
        _number(
            "siren", _l("SIREN number"), "732 829 320", r"\d{9}", in_register=False, fr="SIREN"
        ),
        RegistrationField(
            "rcs", _l("Trade register (RCS), town"), "Lyon", own={"fr": "RCS"}, required=True, in_register=True
        ),
        _vat(r"FR[0-9A-HJ-NP-Z]{2}\d{9}", "FR44732829320", fr="TVA intracommunautaire"),
    )),
    # Italy: Codice civile art. 2250 (seat, register, number, paid-up capital); DPR 633/1972 art. 35 (partita IVA)
    "IT": Country((
        RegistrationField(
            "register_office", _l("Business register, town"), "Milano", own={"it": "Registro delle imprese di"},
            required=True, in_register=True,
        ),
        _number("rea", _l("REA number"), "MI-1234567", r"[A-Z]{2}\d{1,7}", it="REA"),
        _capital("10.000 € i.v.", required=False, it="Capitale sociale"),
        _number("piva", _l("VAT number"), "12345678901", r"(IT)?\d{11}", in_register=False, it="P. IVA"),
    )),
    # Spain: Código de Comercio art. 24 (register data); Ley 34/2002 art. 10 (NIF)
    "ES": Country((
        RegistrationField(
            "register", _l("Commercial register"), "Registro Mercantil de Madrid, tomo 123, folio 4, hoja M-56789",
            own={"es": "Inscripción"}, help=_l("Register, volume, sheet and entry."), required=True, in_register=True,
            bare=True,
        ),
        _number("nif", _l("Tax number (NIF)"), "B12345678", r"(ES)?[0-9A-Z]\d{7}[0-9A-Z]", in_register=False, es="NIF"),
    )),
    # Netherlands: Handelsregisterwet 2007, art. 27
    "NL": Country((
        _number("kvk", _l("Chamber of commerce number"), "12345678", r"\d{8}", nl="KvK"),
        _vat(r"NL\d{9}B\d{2}", "NL123456789B01", nl="btw-id"),
    )),
    # Belgium: Code de droit économique art. III.25; Code des sociétés art. 2:20
    "BE": Country((
        _number(
            "company_number", _l("Company number"), "0123.456.789", r"(BE)?[01]\d{9}",
            fr="RPM/BCE", nl="RPR/KBO", de="RJP/ZDU",
        ),
    )),
    # Denmark: Selskabsloven § 2; E-handelsloven § 7
    "DK": Country((_number("cvr", _l("Company number"), "12345678", r"(DK)?\d{8}", in_register=False, da="CVR-nr."),)),
    # Norway: Foretaksregisterloven § 10-2
    "NO": Country((
        _number(
            "company_number", _l("Company number"), "123 456 789 MVA", r"(NO)?\d{9}(MVA)?",
            nb="Org.nr.", nn="Org.nr.", no="Org.nr.",
        ),
    )),
    # Sweden: Aktiebolagslagen 28 kap. 5 §
    "SE": Country((
        _number("company_number", _l("Company number"), "556123-4567", r"\d{10}", sv="Org.nr"),
        _vat(r"SE\d{12}", "SE556123456701", sv="Momsreg.nr"),
    )),
    # Poland: Kodeks spółek handlowych art. 206, 374
    "PL": Country((
        _number("krs", _l("Register number (KRS)"), "0000123456", r"\d{10}", pl="KRS"),
        _number("nip", _l("Tax number (NIP)"), "123-456-32-18", r"(PL)?\d{10}", in_register=False, pl="NIP"),
        _capital("50 000 zł", required=False, pl="Kapitał zakładowy"),
    )),
    # Japan: the mail law (特定電子メール法, art. 4) wants name and address only; the corporate number is public
    "JP": Country((
        _number(
            "corporate_number", _l("Corporate number"), "1234567890123", r"\d{13}", in_register=False, required=False,
            help=_l("If you want it shown."), ja="法人番号",
        ),
    )),
    # Saudi Arabia: Commercial Register Law (M/83, 1446 AH): the number stands on a merchant's papers and pages
    "SA": Country((
        _number(
            "commercial_register", _l("Commercial registration number"), "1010123456", r"\d{10}", ar="السجل التجاري"
        ),
        _vat(r"3\d{13}3", "310123456700003", ar="الرقم الضريبي"),
    )),
    # United Arab Emirates: Federal Decree-Law 32/2021 (commercial companies), art. 14: licence or register number
    "AE": Country((
        _number(
            "commercial_register", _l("Commercial registration number"), "CN-1234567", r"[A-Z]{0,4}\d{4,10}",
            ar="رقم الرخصة التجارية",
        ),
        _vat(r"\d{15}", "100123456700003", ar="رقم التسجيل الضريبي"),
    )),
    # United States: CAN-SPAM, 16 CFR 316.2: a postal address. Canada: CASL s. 6 (2): name and address, which are there.
}  # fmt: skip


def country_fields(country: str) -> tuple[RegistrationField, ...]:
    """The fields of a country (ISO 3166); nothing for one that wants no more than name and address."""
    found = COUNTRIES.get(country)
    return found.fields if found else ()


def asks_register(country: str) -> bool:
    """Whether a company of the country may say that it stands in no register."""
    found = COUNTRIES.get(country)
    return found is not None and found.has_register


@lru_cache(maxsize=1)
def codes() -> tuple[str, ...]:
    """The countries that CLDR names, as ISO 3166 codes; regions and groups of countries are left out."""
    other = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    names = (str(code) for code in Locale.parse("en").territories)
    return tuple(sorted(code for code in names if len(code) == 2 and code.isalpha() and code not in other))


def countries() -> list[tuple[str, str]]:
    """Code and name of every country in the reader's language, in its order of names."""
    names = babel_locale(current_locale()).territories
    found = [(code, str(names.get(code, code))) for code in codes()]
    return sorted(found, key=lambda pair: unicodedata.normalize("NFKD", pair[1]).casefold())


def check_country(raw: str) -> str:
    """A country's code, or nothing. Raises Refused (field "country")."""
    code = raw.strip().upper()
    if code and code not in codes():
        raise Refused(_("Choose a country from the list."), "country")
    return code


def check_value(country: str, name: str, raw: str) -> str:
    """One registration value as it is kept; empty stays empty. Raises Refused with the form's field name."""
    item = next((item for item in country_fields(country) if item.name == name), None)
    place = PREFIX + name
    text = " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", raw)).split())
    if item is None or not text:
        return ""
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in text) or not any(
        map(str.isalnum, text)
    ):
        raise Refused(_("This contains characters that can't be shown. Type it again."), place)
    if len(text) > LIMIT:
        raise Refused(_("This is longer than %(limit)s characters.", limit=LIMIT), place)
    if item.pattern:
        plain = re.sub(r"[\s./-]", "", text).upper()
        wrong = not re.fullmatch(item.pattern, plain, re.ASCII)
        if wrong or (name == "siren" and not _luhn(plain)):
            raise Refused(
                _(
                    "“%(given)s” can’t be right. It looks like %(example)s.",
                    given=text[:40],
                    example=item.example,
                ),
                place,
            )
        if name in {"vat_id", "siren"}:
            text = plain
    return text


def _luhn(digits: str) -> bool:
    """The check digit of SIREN numbers (ISO/IEC 7812-1)."""
    doubled = (int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def missing(country: str, values: Mapping[str, Any]) -> list[RegistrationField]:
    """What the country's law still wants, in the form's order."""
    waived = bool(values.get(UNREGISTERED))
    return [
        item
        for item in country_fields(country)
        if item.required and not values.get(item.name) and not (waived and item.in_register)
    ]


def line(country: str, values: Mapping[str, Any], locale: str) -> str:
    """The registration data as pieces print them: one line in the piece's language, empty when there is nothing."""
    language = locale.replace("_", "-").split("-")[0]
    isolated = direction(locale) == "rtl"
    waived = bool(values.get(UNREGISTERED))
    parts = []
    with use_locale(locale):
        for item in country_fields(country):
            value = str(values.get(item.name) or "")
            if not value or (waived and item.in_register):
                continue
            if isolated:
                value = f"{_FSI}{value}{_PDI}"
            label = item.own.get(language) or str(item.label)
            part = value if item.bare else f"{label}{_COLONS.get(language, ': ')}{value}"
            parts.append(f"{_FSI}{part}{_PDI}" if isolated else part)
    return " · ".join(parts)
