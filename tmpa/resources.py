"""Where the data that ship with tmpa lie: in a checkout beside the package, in a wheel inside it."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent


def data_dir(name: str) -> Path:
    """Folder of shipped data (`campaigns`, `locales`, `assets/dist`); may not exist before `make assets`."""
    packed = PACKAGE / "_data" / name
    return packed if packed.is_dir() else CHECKOUT / name
