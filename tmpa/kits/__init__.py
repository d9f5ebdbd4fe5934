"""Kits: the format, its checks, the compiler, the renderer and publishing.

The pure engine needs no database. Its interfaces:

``tmpa.kits.source``
    ``read_folder(path: Path) -> KitSource`` and ``read_zip(data: bytes) -> KitSource``; both raise ``KitRefused``
    (a ``Refused`` with ``.findings: tuple[Finding, ...]``).
    ``KitSource(files: Mapping[str, bytes], manifest: Manifest, content_hash: str)`` is immutable.

``tmpa.kits.brand``
    ``Brand(name, legal_name, address, primary="#rrggbb", website="", phone="", email="", logo_url="", logo_alt="",
    disclaimer="", logo=b"")`` is frozen; values are normalised when made,
    ``Refused(field=…)`` names a bad one.
    ``logo`` are the bytes for documents (PNG, JPEG or SVG). ``SAMPLE_BRAND`` serves previews.

``tmpa.kits.slots``
    ``validate_slots(source, raw: Mapping[str, object], locale: str, *, partial: bool = False) -> SlotValues``.
    ``raw`` is JSON: text, richtext, choice, link are ``str``; date is ``"2026-11-30"``; money is
    ``{"amount_minor": 25000, "currency": "EUR"}``; image is the URL or
    ``{"url": "https://…", "alt": "…" or {locale: text}, "decorative": bool}``. A picture of the partner's own
    has ``"picture"`` and ``"crop"`` besides (``tmpa.campaigns.pictures.settle``).
    Empty values fall back to the slot's translated default. Raises ``SlotsRefused`` (a ``Refused``) with
    ``.errors: dict[slot name, sentence]``; with ``partial=True`` (live preview) a required slot may be missing and a
    bad value is left out, its sentence kept in ``SlotValues.errors``.

``tmpa.kits.compile``
    ``shape_of(brand, slots) -> Shape``; ``compile_piece(source, piece: str, locale: str, shape: Shape) ->
    CompiledPiece`` (cached in the process), raises ``CompileFailed`` with findings.
    ``CompiledPiece.locked_digest: str``.
    ``tmpa.kits.locked``: ``verify_locked(text: str, compiled) -> bool``, ``first_difference(…)`` names the region,
    ``verify_finished(data: bytes, compiled, source) -> str | None`` for bytes as they are kept;
    ``tmpa.kits.locked_typst`` for documents and banners.

``tmpa.kits.render`` (pure; every function takes ``source, piece, locale, brand, slots`` first)
    ``render_mail(…, *, page_url, privacy_url=None, asset_url=None) -> RenderedMail``
    ``render_page(…, *, page_url, form_action, form_token, privacy_url=None, asset_url=None, beacon_url="")
    -> RenderedPage``
    ``render_post(…, *, page_url) -> RenderedPost``
    ``render_document(…, *, page_url) -> RenderedDocument`` (in ``tmpa.kits.document``)
    ``render_banner(…, *, page_url, only=None) -> tuple[RenderedBanner, ...]`` (in ``tmpa.kits.banner``), one per size
    ``render_snippet(…, *, page_url, asset_url=None) -> RenderedSnippet``
    ``asset_url: Callable[[str], str] | None`` maps a kit path to a URL; ``None`` embeds data URLs (previews).

    ``RenderedMail(subject: Stretches, preheader: Stretches, html: Stretches, text: Stretches,
    links: tuple[Link, ...], locked_digest: str)``; ``to_json()`` / ``RenderedMail.from_json(data)``.
    ``Stretches(parts: tuple[str, ...], holes: tuple[Marker, ...])`` with ``len(parts) == len(holes) + 1``.
    ``Marker(kind, name, context)``: kind "recipient" (name first_name | company | greeting), "link" (name is the link's
    number as text, "1", "2", …), "unsubscribe", "pixel"; context "text" | "attribute" | "url" | "plain".
    ``Stretches.fill(values: Mapping[str, str]) -> str`` with keys ``marker.key`` ("recipient.first_name", "link.1",
    "unsubscribe", "pixel"); ``escape(context, value) -> str`` is what a sender applies when it splices bytes itself.
    ``Link(number: int, url: str, label: str, kind: str)`` with kind "page" | "kit" | "brand" | "slot".
    ``recipient_values(locale, first_name, company) -> dict[str, str]`` gives the three recipient keys.
    ``RenderedPage(html: str, title: str, description: str, fields: tuple[FormField, ...], thanks_title: str,
    thanks_text: str, locked_digest: str)``; ``RenderedPost(text: str, network: str, locked_digest: str)``;
    ``RenderedDocument(pdf: bytes, title: str, pages: int)``.
    ``RenderedBanner(size, width, height, png, png_2x, digest)``;
    ``RenderedSnippet(html, title, height, locked_digest)``.

``tmpa.kits.checking``
    ``check(source: KitSource) -> list[Finding]`` and ``check_folder(path)`` / ``check_zip(data)``, each in a child
    process. ``Finding(rule, severity, file, line, message, mend)``.

``tmpa.kits.outputs``
    ``piece_files(source, piece: Piece, locale, brand, slots) -> Iterator[tuple[name, bytes]]``: a finished piece as
    files, of any kind, with a sample recipient.

``tmpa.kits.diff``
    ``compare(old, new) -> list[Change]``; ``Change(section, kind, place, what, before, after)``. ``looks`` and
    ``report`` beside it show the pieces in pictures; ``tmpa.kits.pictures.camera(program)`` takes them.

``tmpa.kits.schema``
    ``kit_schema()``: the JSON Schema of kit.toml; ``tmpa.kits.sarif.to_sarif(findings, base)``.

``tmpa.kits.service`` publishes; see its own docstring.
"""
