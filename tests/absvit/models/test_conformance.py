"""Numbers of the original implementation, and of a plain one where the original left none."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import formula
import numpy as np
import plain
import pytest
import timm
import torch
import torch.nn.functional as F

import absvit
from absvit import maps, priors
from absvit.models.absvit import cosine_weights
from absvit.models.feedback import reconstruction_errors
from absvit.robustness.attacks import FGSM, PGD, normalised, perturb
from absvit.training.pictures.objective import PictureObjective

SHARED = Path(__file__).parents[4] / "shared"
COPIES = Path(__file__).parents[2] / "data" / "conformance"
STEP = 61  # the copies hold every 61st number of the larger arrays
WHOLE = SHARED / "conformance"
GAP, TINY = "absvit_tiny_patch8_224_gap", "absvit_tiny_patch16_224"
PRECISION = {torch.float64: 1e-9, torch.float32: 1e-4}
# the original normalised with a mean and std kept in float32
MEAN, STD = (torch.tensor(v).tolist() for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))


def distance(result, expected) -> float:
    """Largest difference, relative to the array's largest magnitude; from a copy, that of the numbers it holds."""
    expected = torch.as_tensor(expected, dtype=torch.float64)
    if expected.ndim == 1 < result.ndim:
        result = result.flatten()[::STEP]
    assert result.shape == expected.shape
    return float((result.double() - expected).abs().max() / expected.abs().max())


def vectors(file: str) -> list:
    """Arrays of a file: the copies that come with the tests, and the whole ones where they are."""
    return [np.load(folder / f"{file}.npz") for folder in (COPIES, WHOLE) if folder.exists()]


@cache
def formula_model(name, dtype):
    return formula.fill(timm.create_model(name), dtype=dtype)


@pytest.mark.parametrize("dtype", PRECISION, ids=str)
def test_plain_vit(dtype):
    model, images = formula_model("vit_tiny_patch16_224", dtype), formula.images(2, dtype=dtype)
    with torch.no_grad():
        for logits in (model(images), absvit.perceive(model, images).logits[0, 0]):
            for vector in vectors("vit_tiny_patch16_224"):
                assert distance(logits, vector["logits"]) < PRECISION[dtype]


@pytest.mark.seconds
@pytest.mark.parametrize("dtype", PRECISION, ids=str)
@pytest.mark.parametrize(
    ("name", "file", "batch", "prior"),
    [
        (TINY, TINY, 2, priors.LearnedPrior()),
        (GAP, f"{GAP}__class120_gain40", 1, priors.ClassPrior(120)),
        (GAP, f"{GAP}__class120_gain40", 1, priors.ClassPrior(120, gain=40.0)),
    ],
    ids=["learned prompt", "class, default gain", "class, gain 40"],
)
def test_perceive_gives_the_original_numbers(name, file, batch, prior, dtype):
    model = formula_model(name, dtype)
    seen = absvit.perceive(
        model, formula.images(batch, dtype=dtype), [prior], record=("tokens", "token_norms", "feedback")
    )
    results = {
        "tokens_pass1": seen.tokens[0, 0][:, ::13, ::7],
        "tokens_pass2": seen.tokens[1, 0][:, ::13, ::7],
        "logits_pass1": seen.logits[0, 0],
        "logits_pass2": seen.logits[1, 0],
        "mask": seen.prior_weights[0, 0],
        "td": seen.feedback[0, 0].transpose(0, 1)[::4, :, ::13, ::7],
        "token_norm_map": maps.token_norm_map(seen)[1, 0].flatten(1),
    }
    for vector in vectors(file):
        assert {*results, "var_loss"} == set(vector)
        for key, result in results.items():
            assert distance(result, vector[key]) < PRECISION[dtype], key


@pytest.mark.parametrize("dtype", PRECISION, ids=str)
@pytest.mark.parametrize("gradients", [False, True])
def test_calling_the_model_gives_the_original_second_pass(dtype, gradients):
    model = formula_model(TINY, dtype)
    with torch.set_grad_enabled(gradients):
        tokens = model.forward_features(formula.images(2, dtype=dtype))
        logits = model.forward_head(tokens)
    for vector in vectors(TINY):
        assert distance(tokens[:, ::13, ::7].detach(), vector["tokens_pass2"]) < PRECISION[dtype]
        assert distance(logits.detach(), vector["logits_pass2"]) < PRECISION[dtype]


@pytest.mark.seconds
@pytest.mark.parametrize("dtype", PRECISION, ids=str)
@pytest.mark.parametrize("file", [TINY, f"{GAP}__class120_gain40"])
def test_variational_loss(file, dtype):
    vector, model = np.load(COPIES / f"{file}.npz"), formula_model(file.split("__")[0], dtype)
    with torch.no_grad():
        x = model.embed(formula.images(2 if file == TINY else 1, dtype=dtype))
        tokens = model.norm(model.ascend(x)[-1])
        prior, gain = (model.head.weight[120], 40) if "class120" in file else (model.prompt, 1)
        weighted = gain * cosine_weights(tokens, prior).unsqueeze(-1) * tokens
        errors = reconstruction_errors(model.decoders, model.ascend(x, model.descend(weighted)))
    assert distance(0.1 * errors.sum(), vector["var_loss"]) < PRECISION[dtype]


@pytest.mark.seconds
@pytest.mark.parametrize("dtype", PRECISION, ids=str)
def test_training_step(dtype):
    vector = np.load(COPIES / "train_step__absvit_tiny_patch16_224.npz")
    model = formula.fill(timm.create_model(TINY), dtype=dtype).train()
    labels = torch.from_numpy(np.random.RandomState(2).randint(0, 1000, 4))
    assert (labels.numpy() == vector["labels"]).all()
    objective = PictureObjective(model, smoothing=0.1, var_loss=0.1)
    losses = objective(formula.images(4, dtype=dtype), F.one_hot(labels, 1000).to(dtype))
    losses["loss"].backward()
    for key, value in (
        ("cross_entropy", (losses["loss_pass1"] + losses["loss_pass2"]) / 2),
        ("var_loss", losses["variational_loss"]),
        ("loss", losses["loss"]),
    ):
        assert distance(value.detach(), vector[key]) < PRECISION[dtype], key
    norms = {name: parameter.grad.norm().item() for name, parameter in model.named_parameters()}
    assert set(norms) == set(vector["param_names"])
    expected = dict(zip(vector["param_names"], vector["grad_norms"], strict=True))
    tolerance = 1e-7 if dtype == torch.float64 else 1e-3
    assert {n: v for n, v in norms.items() if v != pytest.approx(expected[n], rel=tolerance, abs=1e-12)} == {}


@pytest.mark.seconds
def test_attacks_through_both_passes():
    vector = np.load((WHOLE if WHOLE.exists() else COPIES) / "attacks__absvit_tiny_patch16_224.npz")
    model = formula.fill(timm.create_model(TINY)).requires_grad_(False)
    pixels = torch.from_numpy(np.random.RandomState(1).rand(2, 3, 224, 224))[:1]  # one picture tells it, and is fast
    labels = torch.from_numpy(vector["labels"])[:1]
    fgsm = perturb(model, pixels, labels, FGSM, MEAN, STD)
    pgd = perturb(model, pixels, labels, replace(PGD, random_start=False), MEAN, STD)
    assert distance(((fgsm - pixels) * 255)[:, :, ::16, ::16], vector["fgsm_pixels_255"][:1]) < 1e-9
    for key, x in (
        ("logits_clean", pixels),
        ("logits_fgsm", fgsm),
        ("logits_pgd_no_random_start", pgd),
    ):
        assert distance(model(normalised(x, MEAN, STD)), vector[key][:1]) < 1e-9, key


if SHARED.exists():  # the photographs are no part of this repository

    @pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 2**-24), (torch.float32, 1e-4)], ids=str)
    def test_logits_of_photographs(dtype, tolerance):  # the original's are kept in float32, rounded at 2**-24
        vector = np.load(WHOLE / "eval_transform__imagenet_samples.npz")
        model, transform = formula_model(TINY, dtype), absvit.images.eval_transform()
        paths = {path.name: path for path in (SHARED / "data" / "imagenet_samples").rglob("*.*")}
        photographs = [absvit.images.read_photograph(paths[Path(str(f)).name], upright=False) for f in vector["files"]]
        with torch.no_grad():
            logits = torch.cat([model(transform(photograph)[None].to(dtype)) for photograph in photographs])
        assert distance(logits, vector["logits"]) < tolerance
        assert (logits.argmax(1).numpy() == vector["top1"]).all()


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("vit_tiny_patch16_224", 5_717_416),
        (TINY, 6_602_344),
        ("vit_small_patch16_224", 22_050_664),
        ("absvit_small_patch16_224", 25_589_992),
        ("vit_base_patch16_224", 86_567_656),
        ("absvit_base_patch16_224", 100_724_200),
    ],
)
def test_parameter_counts(name, count):
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in timm.create_model(name).parameters()) == count


def test_state_dict_has_the_official_names():
    keys = list(timm.create_model(TINY).state_dict())
    of_block = [
        f"{part}.{kind}"
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    ]
    expected = {"cls_token", "pos_embed", "prompt"}
    expected |= {f"{part}.{kind}" for part in ("patch_embed.proj", "norm", "head") for kind in ("weight", "bias")}
    expected |= {f"blocks.{i}.{part}" for i in range(12) for part in of_block}
    expected |= {f"decoders.{i}.{part}.weight" for i in range(12) for part in ("linear", "linear2")}
    assert len(keys) == 177
    assert set(keys) == expected
    gap = {key.replace("norm.", "fc_norm.") if key.startswith("norm.") else key for key in expected}
    assert set(timm.create_model(GAP).state_dict()) == gap


@pytest.mark.seconds
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    ("name", "size", "kwargs"),
    [
        (TINY, 224, {"depth": 2}),
        (TINY, 96, {"depth": 4, "num_classes": 11}),
        ("absvit_small_patch16_224", 64, {"depth": 3}),
        ("absvit_base_patch16_224", 32, {"depth": 2}),
        (GAP, 56, {"depth": 3}),
        ("absvit_micro", 112, {}),
    ],
)
def test_model_and_training_terms_equal_the_plain_model(name, size, kwargs, seed):
    model = formula.fill(timm.create_model(name, img_size=size, **kwargs), seed)
    images = formula.images(2, seed, size)
    state = {key: value.clone().requires_grad_() for key, value in model.state_dict().items()}
    passes = plain.look(
        state, images, model.blocks[0].attn.num_heads, lambda tokens: plain.cosine(tokens, state["prompt"])
    )
    logits = model(images)
    assert distance(logits.detach(), passes[1]["logits"].detach()) < 1e-9
    variational = plain.variational_loss(state, passes[1]["states"])
    tokens = model.embed(images)
    bottom_up = model.norm(model.ascend(tokens)[-1])
    weighted = cosine_weights(bottom_up, model.prompt).unsqueeze(-1) * bottom_up
    errors = reconstruction_errors(model.decoders, model.ascend(tokens, model.descend(weighted)))
    assert distance(errors.sum().detach(), variational.detach()) < 1e-9
    (passes[1]["logits"].square().mean() + variational).backward()
    (logits.square().mean() + errors.sum()).backward()
    for key, parameter in model.named_parameters():
        assert distance(parameter.grad, state[key].grad) < 1e-7, key


@pytest.mark.seconds
@pytest.mark.parametrize(("file", "gap"), [(TINY, False), (f"{GAP}__class120_gain40", True)])
def test_the_plain_model_gives_the_original_numbers_too(file, gap):
    state = formula_model(file.split("__")[0], torch.float64).state_dict()
    direction, gain = (state["head.weight"][120], 40) if gap else (state["prompt"], 1)
    images = formula.images(1 if gap else 2)
    first, second = plain.look(state, images, 3, lambda tokens: gain * plain.cosine(tokens, direction))
    for vector in vectors(file):
        assert distance(first["logits"], vector["logits_pass1"]) < 1e-9
        assert distance(second["logits"], vector["logits_pass2"]) < 1e-9
        assert distance(second["weights"], vector["mask"]) < 1e-9
        assert distance(0.1 * plain.variational_loss(state, second["states"]), vector["var_loss"]) < 1e-9


def test_only_the_decoders_learn_from_the_variational_loss():
    model = timm.create_model(TINY, depth=2, img_size=32)
    states = model.ascend(model.embed(torch.randn(2, 3, 32, 32)))
    reconstruction_errors(model.decoders, states).sum().backward()
    learning = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert learning == {"decoders.0.linear.weight", "decoders.1.linear.weight"}


def test_initialisation_is_the_official_one():
    torch.manual_seed(0)
    model = timm.create_model(TINY, depth=4).requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            assert module.weight.std() == pytest.approx(0.02, rel=0.03)
            assert module.weight.abs().max() <= 2
            assert module.bias is None or not module.bias.any()
    assert model.prompt.std() == pytest.approx(1, rel=0.2)
    assert model.cls_token.std() == pytest.approx(1e-6, rel=0.2)
    assert model.pos_embed.std() == pytest.approx(0.02, rel=0.03)
