"""The Merkle tree against the certificate-transparency vectors, against pymerkle, and against tampering."""

from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from tmpa.engagement.evidence import tree

# The leaves and roots published with certificate-transparency (RFC 6962's reference code, merkletree tests).
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [tree.leaf_hash(leaf) for leaf in LEAVES]


def test_published_roots() -> None:
    assert tree.root([]).hex() == sha256(b"").hexdigest()
    for size, wanted in enumerate(ROOTS, 1):
        assert tree.root(HASHES[:size]).hex() == wanted


def test_published_inclusion_path() -> None:
    path = tree.inclusion_proof(HASHES, 5)
    assert [node.hex() for node in path] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_published_consistency_path() -> None:
    path = tree.consistency_proof(HASHES, 6)
    assert [node.hex() for node in path] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 31, 64, 100])
def test_agrees_with_another_implementation(size: int) -> None:
    oracle = InmemoryTree(algorithm="sha256")
    leaves = [b"leaf %d" % number for number in range(size)]
    for leaf in leaves:
        oracle.append_entry(leaf)
    hashes = [tree.leaf_hash(leaf) for leaf in leaves]
    assert oracle.get_root() == tree.root(hashes)
    for position in range(size):
        theirs = oracle.prove_inclusion(position + 1, size)
        assert theirs.path[1:] == tree.inclusion_proof(hashes, position)


@given(st.integers(1, 70), st.data())
def test_proofs_hold_and_every_change_is_found(size: int, data: st.DataObject) -> None:
    hashes = [tree.leaf_hash(b"%d" % number) for number in range(size)]
    root = tree.root(hashes)
    position = data.draw(st.integers(0, size - 1))
    path = tree.inclusion_proof(hashes, position)
    tree.check_inclusion(hashes[position], position, size, path, root)
    wrong = data.draw(st.integers(0, 4))
    with pytest.raises(tree.BadProof):
        if wrong == 0:
            tree.check_inclusion(b"\0" * 32, position, size, path, root)
        elif wrong == 1:
            tree.check_inclusion(hashes[position], position, size, [*path, root], root)
        elif wrong == 2 and path:
            tree.check_inclusion(hashes[position], position, size, path[:-1], root)
        elif wrong == 3 and size > 1:
            tree.check_inclusion(hashes[position], (position + 1) % size, size, path, root)
        else:
            tree.check_inclusion(hashes[position], size, size, path, root)


@given(st.integers(1, 70), st.data())
def test_logs_only_grow(size: int, data: st.DataObject) -> None:
    hashes = [tree.leaf_hash(b"%d" % number) for number in range(size)]
    old = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(hashes, old)
    tree.check_consistency(old, size, tree.root(hashes[:old]), tree.root(hashes), proof)
    forged = [*hashes[: old - 1], b"\1" * 32]
    with pytest.raises(tree.BadProof):
        tree.check_consistency(old, size, tree.root(forged), tree.root(hashes), proof)


@given(st.integers(1, 200), st.data())
def test_a_pruned_tree_has_the_whole_trees_root(size: int, data: st.DataObject) -> None:
    hashes = [tree.leaf_hash(b"%d" % number) for number in range(size)]
    positions = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    chosen = [hashes[position] for position in positions]
    others = tree.pruned(hashes, positions)
    assert tree.root_of_pruned(size, positions, chosen, others) == tree.root(hashes)
    with pytest.raises(tree.BadProof):
        tree.root_of_pruned(size, positions, chosen, [*others, hashes[0]])
    if others:
        with pytest.raises(tree.BadProof):
            tree.root_of_pruned(size, positions, chosen, others[:-1])
    if len(positions) > 1:
        with pytest.raises(tree.BadProof):
            tree.root_of_pruned(size, positions[::-1], chosen, others)
        swapped = [chosen[1], chosen[0], *chosen[2:]]
        assert tree.root_of_pruned(size, positions, swapped, others) != tree.root(hashes)


def test_a_frontier_goes_on_where_it_stopped() -> None:
    whole = tree.Frontier()
    for leaf in HASHES:
        halved = tree.Frontier(whole.size, whole.packed)
        assert halved.root == whole.root
        whole.append(leaf)
    assert whole.root.hex() == ROOTS[-1]
    assert all(a != b for a, b in pairwise(ROOTS))
    with pytest.raises(ValueError, match="bit of its size"):
        tree.Frontier(3, b"\0" * 32)
