"""The evidence log: canonical leaves, a Merkle tree over them, signed checkpoints, dossiers. See docs/evidence.md."""
