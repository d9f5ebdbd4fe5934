"""The brand that a command renders with."""

import tomllib
from pathlib import Path

import click

from tmpa.kernel.errors import Refused
from tmpa.kernel.signing import fingerprint
from tmpa.kits.brand import Brand
from tmpa.kits.logo_space import BrandLogo
from tmpa.partners.logos import normalise_logo

BRAND_OPTION = click.option(
    "--brand",
    "brand_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML with name, legal_name, address, and where wanted primary, website, phone, email, country, disclaimer,"
    " logo (a file beside it), logo_alt, logos (a list of files for all forms and grounds), a table [registration].",
)


def read_brand(path: Path) -> Brand:
    """A brand from a TOML file whose keys are Brand's; logos are paths beside the file. Raises Refused."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        if logo := values.pop("logo", ""):
            values["logo"] = (path.parent / str(logo)).read_bytes()
        values["logos"] = tuple(
            _logo((path.parent / str(file)).read_bytes()) for file in values.get("logos", [])
        )
        values["registration"] = tuple(sorted(values.get("registration", {}).items()))
        return Brand(**values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, OSError, AttributeError) as problem:
        raise Refused(f"{path} can't be read as a brand: {problem}") from None
    except Refused as refusal:
        raise Refused(f"{path}: {refusal.field}: {refusal}") from None


def _logo(data: bytes) -> BrandLogo:
    made = normalise_logo(data)
    return BrandLogo(
        made.form, made.ground, made.width, made.height, fingerprint(made.png), lambda: made.png, made.ink
    )
