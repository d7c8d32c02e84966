"""Encoders against a transformer written out."""

import importlib.util
import math
from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F

from absvit.words import ENCODERS, Encoder, check_encoder
from absvit.words.encoder import encoder_named
from absvit.words.minilm import SentenceEncoder, renamed

SMALL = {"pieces": 30, "width": 8, "heads": 2, "hidden": 12, "layers": 2, "positions": 9}


def published(layers=2, width=8, hidden=12, pieces=30, positions=9):
    """Random weights of a small BERT, named as the published ones are."""
    shapes = {
        "embeddings.word_embeddings.weight": (pieces, width),
        "embeddings.position_embeddings.weight": (positions, width),
        "embeddings.token_type_embeddings.weight": (2, width),
    }
    linear = {
        "attention.self.query": (width, width), "attention.self.key": (width, width),
        "attention.self.value": (width, width), "attention.output.dense": (width, width),
        "intermediate.dense": (hidden, width), "output.dense": (width, hidden),
    }  # fmt: skip
    norms = ["embeddings.LayerNorm"]
    for layer in range(layers):
        for name, shape in linear.items():
            shapes |= {f"encoder.layer.{layer}.{name}.weight": shape, f"encoder.layer.{layer}.{name}.bias": shape[:1]}
        norms += [f"encoder.layer.{layer}.{part}.LayerNorm" for part in ("attention.output", "output")]
    shapes |= {f"{norm}.{part}": (width,) for norm in norms for part in ("weight", "bias")}
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def written_out(weights, pieces, heads=2, layers=2):
    """The vector of one text by BERT's equations (Devlin et al. 2019): the mean of tokens at unit length."""

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True, unbiased=False) + 1e-12).sqrt()
        return x * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]

    x = weights["embeddings.word_embeddings.weight"][pieces] + weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(x + weights["embeddings.position_embeddings.weight"][: len(pieces)], "embeddings")
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        q, k, v = (linear(x, f"{at}.attention.self.{of}").chunk(heads, -1) for of in ("query", "key", "value"))
        seen = [(a @ b.T / math.sqrt(a.shape[1])).softmax(-1) @ c for a, b, c in zip(q, k, v, strict=True)]
        x = norm(x + linear(torch.cat(seen, -1), f"{at}.attention.output.dense"), f"{at}.attention.output")
        x = norm(x + linear(F.gelu(linear(x, f"{at}.intermediate.dense")), f"{at}.output.dense"), f"{at}.output")
    return F.normalize(x.mean(0), dim=0)


def test_the_encoder_is_bert_whose_tokens_are_averaged():
    weights, network = published(), SentenceEncoder(**SMALL).eval()
    network.load_state_dict(renamed(weights, layers=2))
    texts = [[3, 17, 4], [5, 29, 1, 8, 2]]
    pieces = torch.tensor([[*text, *[0] * (5 - len(text))] for text in texts])
    present = torch.tensor([[k < len(text) for k in range(5)] for text in texts])
    with torch.no_grad():
        found = network(pieces, present)
    expected = torch.stack([written_out(weights, text) for text in texts])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_counted_words_are_near_where_texts_share_them():
    bird, birds, dog, said = ENCODERS["names"].embed(["a bird of prey", "birds", "dogs", "the bird is of it"])
    assert bird @ birds == pytest.approx(1 / math.sqrt(2), abs=0.1)  # one of two words
    assert abs(birds @ dog) < 0.12 and birds @ said == pytest.approx(1)
    assert torch.equal(ENCODERS["names"].embed(["birds"])[0], birds)


def test_without_the_extra_words_are_counted_and_that_is_said(monkeypatch):
    from absvit.words import encoder

    encoder._usual.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match=r"pip install absvit\[words\]"):
        assert encoder_named(None).name == "names"
    encoder._usual.cache_clear()


def test_an_unknown_encoder_is_refused_and_a_contract_without_content_too():
    with pytest.raises(ValueError, match="there is no encoder 'minilmm': did you mean minilm"):
        encoder_named("minilmm")
    for call in (lambda: Encoder("x", "y").sha256, lambda: Encoder("x", "y").embed(["a"])):
        with pytest.raises(TypeError, match="Encoder must define"):
            call()


@pytest.mark.parametrize("name", sorted({*ENCODERS} - {"minilm"}))  # whose weights are fetched: tried by hand
def test_encoders_keep_their_promises(name):
    check_encoder(name)


@dataclass(frozen=True)
class BrokenEncoder(Encoder):
    """One that does as a function has it."""

    does: object = None
    sha256: str = "0" * 64

    def embed(self, texts):
        return self.does(ENCODERS["names"].embed(texts))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"line": "two\nlines"}, "give one line"),
        ({"sha256": "none"}, "give 64 hexadecimal digits"),
        ({"does": lambda found: found[:-1] if len(found) > 1 else found}, "gives .4, 1024. for 5 texts"),
        ({"does": lambda found: found.numpy()}, "gives ndarray for 5 texts"),
        ({"does": lambda found: found * math.nan}, "not finite"),
        ({"does": lambda found: 2 * found}, "another length than 1"),
        ({"does": lambda found: F.normalize(found + found.mean(0), dim=1)}, "another vector beside others"),
        ({"does": lambda found: F.normalize(torch.ones_like(found), dim=1)}, "the same vector to different texts"),
    ],
)
def test_an_encoder_that_breaks_a_promise_is_told(broken, says):
    with pytest.raises(ValueError, match=f"the encoder 'own' .*{says}"):
        check_encoder(BrokenEncoder(**{"name": "own", "line": "broken", "does": lambda found: found} | broken))
