"""The Merkle tree of RFC 9162 section 2.1: roots, inclusion and consistency proofs, and proofs for many leaves at once.

Leaves are given as their hashes. Ours, not a library's, because the one that fits is GPL (ADR): it is the oracle in
the tests, with the published certificate-transparency vectors.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import pairwise

EMPTY_ROOT = sha256(b"").digest()


class BadProof(Exception):
    """The proof doesn't lead to the root, or has parts too many or too few."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1


class Frontier:
    """The hashes of the perfect subtrees of a tree, left to right: enough to append and to know the root."""

    def __init__(self, size: int = 0, packed: bytes = b"") -> None:
        self.size = size
        self._nodes = [packed[at : at + 32] for at in range(0, len(packed), 32)]
        if len(self._nodes) != size.bit_count():
            raise ValueError("a frontier has one hash for each bit of its size")

    def append(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The tree's root hash."""
        if not self._nodes:
            return EMPTY_ROOT
        node = self._nodes[-1]
        for left in reversed(self._nodes[:-1]):
            node = node_hash(left, node)
        return node

    @property
    def packed(self) -> bytes:
        """The hashes, 32 bytes each, to go on from later."""
        return b"".join(self._nodes)


def root(leaves: Iterable[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1 over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root


def inclusion_proof(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """PATH(m, D_n) of RFC 9162 section 2.1.3.1. Raises IndexError for a position outside the tree."""
    if not 0 <= position < len(leaves):
        raise IndexError(position)
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if position < middle:
        return [*inclusion_proof(leaves[:middle], position), root(leaves[middle:])]
    return [*inclusion_proof(leaves[middle:], position - middle), root(leaves[:middle])]


def check_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], wanted: bytes) -> None:
    """RFC 9162 section 2.1.3.2. Raises BadProof."""
    if not 0 <= position < size:
        raise BadProof("the position is outside the tree")
    first, last, node = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof("the path is too long")
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or node != wanted:
        raise BadProof("the path does not lead to the root")


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(m, D_n) of RFC 9162 section 2.1.4.1. Raises IndexError unless 0 < old_size <= the tree's size."""
    if not 0 < old_size <= len(leaves):
        raise IndexError(old_size)
    return _subproof(leaves, old_size, whole=True)


def _subproof(leaves: Sequence[bytes], old_size: int, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root(leaves)]
    middle = _split(len(leaves))
    if old_size <= middle:
        return [*_subproof(leaves[:middle], old_size, whole), root(leaves[middle:])]
    return [*_subproof(leaves[middle:], old_size - middle, whole=False), root(leaves[:middle])]


def check_consistency(
    old_size: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """RFC 9162 section 2.1.4.2. Raises BadProof."""
    if not 0 < old_size <= size:
        raise BadProof("the older tree is not smaller")
    if old_size == size:
        if proof or old_root != new_root:
            raise BadProof("two roots of one size differ")
        return
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        raise BadProof("the proof is empty")
    first, last = old_size - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadProof("the proof is too long")
        if first & 1 or first == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        first, last = first >> 1, last >> 1
    if last != 0 or old != old_root or new != new_root:
        raise BadProof("the trees are not one log")


def pruned(leaves: Sequence[bytes], positions: Sequence[int]) -> list[bytes]:
    """What else the root is made of: the root of each largest subtree without any of `positions` (ascending, each
    once), in the order in which the definition of the root comes to them."""
    return list(_pruned(leaves, 0, len(leaves), positions))


def _pruned(leaves: Sequence[bytes], start: int, end: int, positions: Sequence[int]) -> Iterator[bytes]:
    if bisect_left(positions, start) == bisect_left(positions, end):
        if end > start:
            yield root(leaves[start:end])
    elif end - start > 1:
        middle = start + _split(end - start)
        yield from _pruned(leaves, start, middle, positions)
        yield from _pruned(leaves, middle, end, positions)


def root_of_pruned(
    size: int, positions: Sequence[int], leaves: Sequence[bytes], others: Sequence[bytes]
) -> bytes:
    """The root that some leaves and the result of `pruned` lead to.

    Raises BadProof when positions are not ascending and inside the tree, or hashes are too many or too few.
    """
    if len(positions) != len(leaves) or any(a >= b for a, b in pairwise(positions)):
        raise BadProof("the positions are not in order")
    if not positions or positions[0] < 0 or positions[-1] >= size:
        raise BadProof("a position is outside the tree")
    rest = iter(others)

    def node(start: int, end: int) -> bytes:
        first = bisect_left(positions, start)
        if first == bisect_left(positions, end):
            found = next(rest, None)
            if found is None:
                raise BadProof("a hash is missing")
            return found
        if end - start == 1:
            return leaves[first]
        middle = start + _split(end - start)
        left = node(start, middle)
        return node_hash(left, node(middle, end))

    result = node(0, size)
    if next(rest, None) is not None:
        raise BadProof("there is a hash too many")
    return result
