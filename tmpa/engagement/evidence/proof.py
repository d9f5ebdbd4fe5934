"""Verifying a dossier offline, without a database: what holds, and the first thing that doesn't.

docs/evidence.md describes every file and every step; another implementation can be written from it.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tmpa.engagement.evidence import container, tree
from tmpa.engagement.evidence.canonical import NotCanonical, canonical, parse_canonical
from tmpa.engagement.evidence.checkpoint import (
    BadNote,
    Checkpoint,
    VerifierKey,
    checkpoint_text,
    open_note,
    parse_checkpoint,
    split_note,
)
from tmpa.kernel.i18n import gettext as _

DOSSIER: Final = "dossier.json"
LEAVES: Final = "leaves.jsonl"
PROOFS: Final = "proofs.json"
CHECKPOINT: Final = "checkpoint.txt"
KEY: Final = "key.txt"
OWN_FILES: Final = (DOSSIER, LEAVES, PROOFS, CHECKPOINT, KEY)
FORMAT: Final = 1
_LINE = re.compile(rb'\{"body":(\{.*\}),"position":(0|[1-9][0-9]{0,15})\}')


class Falsehood(Exception):
    """The first thing that doesn't hold; the text is for people."""


@dataclass(slots=True)
class Report:
    """What verifying found. `holds` lists what was checked and holds, in order; `problem` is empty when all does."""

    holds: list[str] = field(default_factory=list)
    problem: str = ""
    key: str = ""
    dossier: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problem


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of the dossier with its place in the vendor's log."""

    position: int
    data: bytes
    body: dict[str, Any]


def verify_file(path: Path, key: str | None = None) -> Report:
    """Verify a dossier. `key` is the vendor's verifier key from elsewhere; without it the key in the dossier counts,
    which proves that nothing was changed, not who signed. Raises OSError when the file can't be read."""
    return verify(path.read_bytes(), key)


def verify(data: bytes, key: str | None = None) -> Report:
    """`verify_file` for bytes."""
    report = Report()
    try:
        _verify(report, data, key)
    except Falsehood as falsehood:
        report.problem = str(falsehood)
    return report


def _verify(report: Report, data: bytes, key: str | None) -> None:
    try:
        files = container.read(data)
    except container.BadContainer as error:
        raise Falsehood(_("The file is not a dossier: %(why)s.", why=error)) from None
    for name in OWN_FILES:
        if name not in files:
            raise Falsehood(_("%(name)s is missing.", name=name))
    report.holds.append(_("The container is whole: %(count)s files.", count=len(files)))
    head = _checkpoint(report, files, key)
    dossier = report.dossier = _object(files, DOSSIER)
    if dossier.get("format") != FORMAT or dossier.get("origin") != head.origin:
        raise Falsehood(_("dossier.json is of another format or another vendor's log."))
    _files(report, files, dossier)
    leaves = _leaves(files)
    _proofs(report, files, head, leaves)
    _facts(report, files, dossier, leaves)


def _checkpoint(report: Report, files: Mapping[str, bytes], key: str | None) -> Checkpoint:
    try:
        verifier = VerifierKey.parse(_line(files[KEY]))
        note = files[CHECKPOINT].decode()
        head = parse_checkpoint(open_note(note, verifier))
        if len(split_note(note)[1]) != 1:
            raise BadNote("it has signatures of unknown keys")
    except (BadNote, UnicodeDecodeError) as error:
        raise Falsehood(_("The checkpoint is not signed by the key: %(why)s.", why=error)) from None
    if head.origin != verifier.name or not note.startswith(checkpoint_text(head)):
        raise Falsehood(_("The checkpoint is of another log than the key."))
    if key is not None and key.strip() != str(verifier):
        raise Falsehood(_("The dossier is signed by another key: %(key)s.", key=verifier))
    report.key = str(verifier)
    report.holds.append(
        _("The checkpoint over %(size)s leaves is signed by %(key)s.", size=head.size, key=verifier)
    )
    return head


def _line(data: bytes) -> str:
    text = data.decode()
    if not text.endswith("\n") or "\n" in text[:-1]:
        raise BadNote("the key file is not one line")
    return text[:-1]


def _object(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    try:
        return parse_canonical(files[name])
    except NotCanonical:
        raise Falsehood(_("%(name)s is not in canonical form.", name=name)) from None


def _files(report: Report, files: Mapping[str, bytes], dossier: Mapping[str, Any]) -> None:
    listed = dossier.get("files")
    if not isinstance(listed, dict):
        raise Falsehood(_("dossier.json does not list its files."))
    for name, digest in listed.items():
        if name not in files or name in OWN_FILES:
            raise Falsehood(_("%(name)s is missing.", name=name))
        if sha256(files[name]).hexdigest() != digest:
            raise Falsehood(_("%(name)s is not the file that the dossier lists.", name=name))
    for name in files:
        if name not in listed and name not in OWN_FILES:
            raise Falsehood(_("%(name)s does not belong to the dossier.", name=name))
    report.holds.append(_("Every enclosed file is the one listed: %(count)s.", count=len(listed)))


def _leaves(files: Mapping[str, bytes]) -> list[Leaf]:
    data = files[LEAVES]
    if not data.endswith(b"\n"):
        raise Falsehood(_("%(name)s is not in canonical form.", name=LEAVES))
    found: list[Leaf] = []
    for number, line in enumerate(data[:-1].split(b"\n"), 1):
        match = _LINE.fullmatch(line)
        try:
            if match is None:
                raise NotCanonical
            leaf = Leaf(int(match[2]), match[1], parse_canonical(match[1]))
        except NotCanonical:
            raise Falsehood(_("Line %(number)s of leaves.jsonl is not a leaf.", number=number)) from None
        if found and leaf.position <= found[-1].position:
            raise Falsehood(_("Line %(number)s of leaves.jsonl is out of order.", number=number))
        found.append(leaf)
    return found


def _proofs(report: Report, files: Mapping[str, bytes], head: Checkpoint, leaves: Sequence[Leaf]) -> None:
    proofs = _object(files, PROOFS)
    try:
        size, position = proofs["size"], proofs["dossier"]["position"]
        others, path = _hashes(proofs["hashes"]), _hashes(proofs["dossier"]["path"])
        exact = set(proofs) == {"dossier", "hashes", "size"} and set(proofs["dossier"]) == {
            "path",
            "position",
        }
    except (KeyError, TypeError, ValueError):
        exact, size, position, others, path = False, 0, 0, [], []
    if not exact or type(size) is not int or type(position) is not int:
        raise Falsehood(_("%(name)s is not in canonical form.", name=PROOFS))
    if size != head.size:
        raise Falsehood(_("The proofs are for another checkpoint."))
    hashes = [tree.leaf_hash(leaf.data) for leaf in leaves]
    try:
        if tree.root_of_pruned(size, [leaf.position for leaf in leaves], hashes, others) != head.root:
            raise tree.BadProof("the leaves do not lead to the checkpoint's root")
    except tree.BadProof as error:
        raise Falsehood(_("The leaves are not those of the log: %(why)s.", why=error)) from None
    own = [
        at for at, leaf in enumerate(leaves) if leaf.body.get("digest") and leaf.body.get("kind") == "dossier"
    ]
    if not own or leaves[own[-1]].position != position:
        raise Falsehood(_("The log does not hold this dossier."))
    leaf = leaves[own[-1]]
    try:
        tree.check_inclusion(hashes[own[-1]], position, size, path, head.root)
    except tree.BadProof as error:
        raise Falsehood(_("The dossier's own proof is wrong: %(why)s.", why=error)) from None
    if leaf.body["digest"] != sha256(files[DOSSIER]).hexdigest():
        raise Falsehood(_("dossier.json is not what was entered in the log."))
    report.holds.append(_("All %(count)s leaves are in the log, and so is the dossier.", count=len(leaves)))


def _hashes(listed: Any) -> list[bytes]:
    """Hashes written as 64 small hexadecimal digits. Raises ValueError, TypeError."""
    found = [bytes.fromhex(text) for text in listed]
    if any(len(found[at]) != 32 or found[at].hex() != text for at, text in enumerate(listed)):
        raise ValueError("not a SHA-256 hash")
    return found


def _facts(
    report: Report, files: Mapping[str, bytes], dossier: Mapping[str, Any], leaves: Sequence[Leaf]
) -> None:
    position = json.loads(files[PROOFS])["dossier"]["position"]
    others = [leaf for leaf in leaves if leaf.position != position]
    if any(leaf.body.get("campaign") != dossier.get("campaign") for leaf in leaves):
        raise Falsehood(_("A leaf is of another campaign."))
    if dossier.get("leaves") != summary_of([leaf.data for leaf in others]):
        raise Falsehood(_("The leaves are not all those that the dossier was made with."))
    if dossier.get("counts") != counts_of([leaf.body for leaf in others]):
        raise Falsehood(_("The dossier's counts are not those of its leaves."))
    report.holds.append(_("The counts are those of the leaves."))


def summary_of(bodies: Sequence[bytes]) -> dict[str, Any]:
    """What dossier.json says of its leaves: how many, and SHA-256 over their texts, each ended by a newline."""
    return {"count": len(bodies), "sha256": sha256(b"".join(body + b"\n" for body in bodies)).hexdigest()}


def counts_of(bodies: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Engagement by kind and verdict, counted from leaves' bodies."""
    counted = Counter(
        (str(body.get("event")), str(body.get("verdict")))
        for body in bodies
        if body.get("kind") == "engagement"
    )
    counts: dict[str, dict[str, int]] = {}
    for (kind, verdict), count in counted.items():
        counts.setdefault(kind, {})[verdict] = count
    return counts


def write_leaves(leaves: Sequence[tuple[int, bytes]]) -> bytes:
    """leaves.jsonl: one `{"body":…,"position":…}` a line, in the order of positions."""
    return b"".join(b'{"body":%s,"position":%d}\n' % (body, position) for position, body in leaves)


def write_proofs(size: int, hashes: Sequence[bytes], position: int, path: Sequence[bytes]) -> bytes:
    """proofs.json: the pruned tree of all leaves, and the dossier's own inclusion proof."""
    own = {"path": [node.hex() for node in path], "position": position}
    return canonical({"dossier": own, "hashes": [node.hex() for node in hashes], "size": size})
