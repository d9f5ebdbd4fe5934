"""Making a dossier: facts and files of a campaign, the leaves behind them, and the proof that the log holds all."""

import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tmpa.engagement.evidence import container, log, tree
from tmpa.engagement.evidence.canonical import canonical, parse_canonical
from tmpa.engagement.evidence.keys import current_key, key_name, verifier_key
from tmpa.engagement.evidence.leaves import moment
from tmpa.engagement.evidence.proof import (
    CHECKPOINT,
    DOSSIER,
    FORMAT,
    KEY,
    LEAVES,
    OWN_FILES,
    PROOFS,
    counts_of,
    summary_of,
    write_leaves,
    write_proofs,
)
from tmpa.engagement.locks import lock
from tmpa.engagement.models import EvidenceLeaf
from tmpa.kernel.clock import utcnow
from tmpa.kernel.ids import new_id, public
from tmpa.kernel.objects import ObjectStore
from tmpa.kernel.signing import Signer


def build_dossier(
    session: Session,
    store: ObjectStore,
    signer: Signer,
    vendor_id: uuid.UUID,
    campaign_id: uuid.UUID,
    facts: dict[str, Any],
    files: Mapping[str, bytes],
) -> bytes:
    """The dossier of a campaign as zip bytes; also kept in the store under `dossiers/<SHA-256 of the zip>.zip`.

    `facts` is JSON (integers below 2^53, people by pseudonym only); `files` are enclosed under their names, plain
    relative paths such as `pieces/announcement.en.html`. The dossier enters the log as a leaf of its own, and a
    checkpoint over it is signed, in the caller's transaction. Events that are not settled are not in it: `seal`
    first. Wants the system's scope. Raises ValueError for a file name that isn't allowed.
    """
    if set(files) & set(OWN_FILES):
        raise ValueError("an enclosed file has the name of one of the dossier's own")
    lock(session, f"evidence:{vendor_id}")
    query = select(EvidenceLeaf.position, EvidenceLeaf.body).where(
        EvidenceLeaf.vendor_id == vendor_id, EvidenceLeaf.campaign_id == campaign_id
    )
    leaves = [(at, body.encode()) for at, body in session.execute(query.order_by(EvidenceLeaf.position))]
    bodies = [body for _position, body in leaves]
    campaign = public("cmp", campaign_id)
    dossier = canonical(
        {
            "campaign": campaign,
            "counts": counts_of([parse_canonical(body) for body in bodies]),
            "facts": facts,
            "files": {name: sha256(data).hexdigest() for name, data in files.items()},
            "format": FORMAT,
            "leaves": summary_of(bodies),
            "made_at": moment(utcnow()),
            "origin": key_name(vendor_id),
        }
    )
    own = log.append(
        session,
        vendor_id,
        "dossier",
        {"id": public("dos", new_id()), "campaign": campaign, "digest": sha256(dossier).hexdigest()},
        campaign_id,
    )
    checkpoint = log.sign_checkpoint(session, signer, vendor_id)
    assert checkpoint is not None  # the dossier's own leaf is in the log
    leaves.append((own.position, own.body.encode()))
    hashes = log.leaf_hashes(session, vendor_id, checkpoint.size)
    key, _private = current_key(session, signer, vendor_id)
    data = container.write(
        {
            **files,
            DOSSIER: dossier,
            LEAVES: write_leaves(leaves),
            PROOFS: write_proofs(
                checkpoint.size,
                tree.pruned(hashes, [position for position, _body in leaves]),
                own.position,
                tree.inclusion_proof(hashes, own.position),
            ),
            CHECKPOINT: checkpoint.note.encode(),
            KEY: f"{verifier_key(key)}\n".encode(),
        }
    )
    store.put(f"dossiers/{sha256(data).hexdigest()}.zip", data, "application/zip")
    return data
