"""A small sentence encoder, fine-tuned on the corpus: the second opinion on mails that the linear models are
unsure of. It reads word pieces in their order, so it errs on other mails than they do.

It runs through onnxruntime on one thread, with int8 weights. What is on disk: `weights.onnx`,
`tokenizer.json` (of the tokenizers library) and `encoder.json`. Both libraries are imported with the first
text that is read or by `load`: most mails need neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from classifiers.linear import Doubles, softmax

_WEIGHTS: Final = "weights.onnx"
_TOKENIZER: Final = "tokenizer.json"
_ABOUT: Final = "encoder.json"


class EncoderFault(Exception):
    """The encoder cannot be used; the text says what is missing and what to do."""


@dataclass(slots=True, kw_only=True)
class Encoder:
    """`weights`: the ONNX model, or the file that holds it.
    `heads`: the labels of each facet, in the order of the outputs. `longest`: word pieces that are read.
    `about`: where it comes from, JSON-ready."""

    weights: bytes | Path = field(repr=False)
    tokenizer: bytes = field(repr=False)
    heads: Mapping[str, tuple[str, ...]]
    longest: int
    about: Mapping[str, object]
    _session: Any = None
    _pieces: Any = None

    def probabilities(self, text: str) -> dict[str, Doubles]:
        """By facet, in the order of its labels, before calibration. Raises EncoderFault."""
        self.load()
        ids = np.array([self._pieces.encode(text).ids], np.int64)
        outputs = self._session.run(list(self.heads), {"ids": ids, "mask": np.ones_like(ids)})
        return {
            facet: softmax(logits[0].astype(np.float64))
            for facet, logits in zip(self.heads, outputs, strict=True)
        }

    def load(self) -> None:
        """Ready to read; does nothing the second time. Raises EncoderFault."""
        if self._session is not None:
            return
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError as missing:
            raise EncoderFault(
                f"{missing.name} is missing: pip install azimut-support brings it"
            ) from missing
        pieces = Tokenizer.from_buffer(self.tokenizer)
        pieces.enable_truncation(self.longest)
        pieces.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the daemon's cores have other work
        options.enable_mem_pattern = False  # a plan kept for each length
        options.log_severity_level = 3
        source = self.weights if isinstance(self.weights, bytes) else str(self.weights)
        self._pieces = pieces
        self._session = onnxruntime.InferenceSession(
            source, sess_options=options, providers=["CPUExecutionProvider"]
        )

    @property
    def size(self) -> int:
        """Bytes of the weights."""
        return len(self.weights) if isinstance(self.weights, bytes) else self.weights.stat().st_size

    def to_disk(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        weights = self.weights if isinstance(self.weights, bytes) else self.weights.read_bytes()
        (folder / _WEIGHTS).write_bytes(weights)
        (folder / _TOKENIZER).write_bytes(self.tokenizer)
        about = {"heads": self.heads, "longest": self.longest, "about": self.about}
        (folder / _ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_disk(cls, folder: Path) -> Encoder:
        """Raises OSError and ValueError for files that are not there or are none of ours."""
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        with (folder / _WEIGHTS).open(
            "rb"
        ):  # one that is missing is told now, not at the first doubtful mail
            pass
        return cls(
            weights=folder / _WEIGHTS,
            tokenizer=(folder / _TOKENIZER).read_bytes(),
            heads={facet: tuple(labels) for facet, labels in about["heads"].items()},
            longest=int(about["longest"]),
            about=about["about"],
        )
