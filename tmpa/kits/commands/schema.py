"""`tmpa kit schema`."""

from pathlib import Path

import click

from tmpa.kits.schema import schema_text


@click.command("schema")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write into this file instead.")
def schema_command(out: Path | None) -> None:
    """Print the JSON Schema of kit.toml, with which editors complete, explain and check it.

    Put it beside a kit.toml as kit.schema.json and let the first line of kit.toml be `#:schema kit.schema.json`:
    editors with a TOML language server then know every key. The file is no part of the kit.
    """
    if out:
        out.write_text(schema_text(), encoding="utf-8")
        click.echo(f"{out} is written.")
    else:
        click.echo(schema_text(), nl=False)
