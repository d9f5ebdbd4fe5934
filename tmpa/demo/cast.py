"""Who plays in the demo and in the story: companies, people, their roles, and what they bring."""

from dataclasses import dataclass
from pathlib import Path

from tmpa.kernel.permissions import Role

PASSWORD = "plain demo password"  # noqa: S105  # printed at the start of a demo that listens on loopback only
DATA = Path(__file__).parent / "data"

VENDOR = "Stillhaven"
PARTNER = "Kontor Nord IT"
NEWCOMER = "Bluewater Systems"
NEWCOMER_EMAIL = "ben@bluewater.example"
OPERATOR = "Operations"


@dataclass(frozen=True)
class Person:
    """Somebody with a sign-in."""

    email: str
    name: str
    organization: str
    role: Role
    locale: str = "en"


MARKETER = Person("vera@stillhaven.example", "Vera Lund", VENDOR, Role.VENDOR_ADMIN)
APPROVER = Person("anton@stillhaven.example", "Anton Reuter", VENDOR, Role.MDF_APPROVER)
PAYER = Person("petra@stillhaven.example", "Petra Sommer", VENDOR, Role.MDF_PAYER)
PARTNER_MARKETER = Person("paula@kontornord.example", "Paula Petersen", PARTNER, Role.PARTNER_ADMIN)
OPERATOR_PERSON = Person("olga@operations.example", "Olga Ortiz", OPERATOR, Role.OPERATOR)
VENDOR_PEOPLE = (MARKETER, APPROVER, PAYER)

BRAND = {
    "name": "Kontor Nord IT",
    "legal_name": "Kontor Nord IT GmbH",
    "address": "Speicherstraße 14, 20457 Hamburg, Germany",
    "website": "https://kontornord.example",
    "phone": "+49 40 5550 140",
    "email": "hallo@kontornord.example",
    "primary_colour": "#0f4c5c",
    "sender_name": "Paula Petersen, Kontor Nord IT",
    "sender_email": "paula@kontornord.example",
    "disclaimer": "",
    "country": "DE",
    "registration-seat": "Hamburg",
    "registration-register_court": "Amtsgericht Hamburg",
    "registration-register_number": "HRB 140557",
    "registration-directors": "Paula Petersen",
    "registration-vat_id": "DE314159265",
}
LOGO = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 96" width="360" height="96">
<path d="M8 80V24l28-16 28 16v56H48V40L36 33l-12 7v40z" fill="#0f4c5c"/><path d="M32 52h8v28h-8z" fill="#e2711d"/>
<path d="M88 28h8v18l16-18h10L106 46l17 22h-10l-12-17-5 6v11h-8z" fill="#0f4c5c"/>
<circle cx="142" cy="53" r="12" fill="none" stroke="#0f4c5c" stroke-width="7"/>
<path d="M166 40h7v4c5-7 19-6 19 7v17h-8V53c0-9-10-8-10 0v15h-8z" fill="#0f4c5c"/>
<path d="M200 32h8v8h7v7h-7v10c0 4 3 5 7 4v7c-9 2-15-1-15-10z" fill="#0f4c5c"/>
<circle cx="236" cy="53" r="12" fill="none" stroke="#0f4c5c" stroke-width="7"/>
<path d="M260 40h7v5c3-5 7-6 12-5v8c-7-2-11 2-11 9v11h-8z" fill="#0f4c5c"/>
<path d="M300 68h10V44l14 24h10V28h-8v24L312 28h-12z" fill="#e2711d"/></svg>"""
