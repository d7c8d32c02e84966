"""Any timm ViT, lifted: the ViT's own function at once, and a feedback path that learns."""

import copy
import pickle

import pytest
import timm
import torch
from timm.layers import PatchEmbed
from timm.models import vision_transformer
from torch import nn

import absvit
from absvit import priors

SIZE = {"img_size": 56, "depth": 3}


def vit(name="vit_tiny_patch16_224", seed=0, **kwargs):
    torch.manual_seed(seed)
    made = timm.create_model(name, **{**SIZE, **kwargs}).eval()
    for key, parameter in made.named_parameters():
        if parameter.ndim > 1 or "gamma" in key:  # norms stay norms
            nn.init.normal_(parameter, std=0.1)
    return made


def images(model, n=2):
    return torch.randn(n, 3, *model.patch_embed.img_size, generator=torch.Generator().manual_seed(1))


LIFTED = {
    "plain": ("vit_tiny_patch16_224", {"img_size": 64}),
    "no class token": ("vit_tiny_patch16_224", {"img_size": 64, "class_token": False, "global_pool": "avg"}),
    "layer scale, registers, no class embedding": ("vit_small_patch14_reg4_dinov2", {}),
    "layer scale": ("deit3_small_patch16_224", {"img_size": 48}),
    "queries and keys normed": ("vit_tiny_patch16_224", {"img_size": 64, "qk_norm": True}),
    "normed before the blocks, no patch bias": ("vit_base_patch32_clip_224", {"img_size": 64}),
    "attention pooling": ("vit_base_patch16_siglip_224", {"img_size": 32}),
    "no value bias": ("vit_tiny_patch16_224", {"img_size": 64, "qkv_bias": False}),
    "gated units": ("vit_tiny_patch16_224", {"img_size": 64, "mlp_layer": vision_transformer.SwiGLUPacked}),
    "patches of 8, mean": ("vit_tiny_patch8_224_gap", {"img_size": 32}),
    "convolutional stem": ("vit_micro", {"img_size": 64}),
    "no classifier": ("vit_tiny_patch16_224", {"img_size": 64, "num_classes": 0}),
}


@pytest.mark.seconds
@pytest.mark.parametrize(("name", "kwargs"), LIFTED.values(), ids=LIFTED)
def test_lifted_vits_start_at_their_own_function(name, kwargs):
    plain = vit(name, **kwargs)
    before = copy.deepcopy(plain.state_dict())
    model, x = absvit.topdown_from(plain), images(plain)
    with torch.no_grad():
        expected = plain(x)
        assert torch.equal(model(x), expected)
        assert torch.equal(model.forward_features(x), plain.forward_features(x))
        chosen = [priors.LearnedPrior(), priors.VectorPrior(torch.randn(plain.embed_dim), gain=40.0)]
        seen = absvit.perceive(model, x, chosen, iterations=2)
        for logits in seen.logits.flatten(0, 1):
            torch.testing.assert_close(logits, expected, rtol=1e-3, atol=1e-4)
    assert isinstance(model, absvit.AbSViT)
    assert type(plain) is vision_transformer.VisionTransformer
    assert all(torch.equal(value, before[key]) for key, value in plain.state_dict().items())
    assert set(model.state_dict()) - set(before) == {
        "prompt",
        *(f"decoders.{i}.{part}.weight" for i in range(3) for part in ("linear", "linear2")),
    }


@pytest.mark.seconds
@pytest.mark.parametrize(("name", "kwargs"), LIFTED.values(), ids=LIFTED)
def test_lifted_vits_learn_to_use_feedback(name, kwargs):
    plain = vit(name, **kwargs).train()
    model, x = absvit.topdown_from(plain), images(plain)
    assert model.training
    with torch.no_grad():  # a prompt that matches something: weights below 0 are cut off
        model.prompt.add_(model.forward_features(x)[0, 0])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(2):
        optimiser.zero_grad()
        model(x).square().mean().backward()
        optimiser.step()
    for key, parameter in model.named_parameters():
        assert torch.isfinite(parameter.grad).all(), key
        if key.startswith(("decoders", "prompt")):
            assert parameter.grad.any(), key
    model, x = model.double().eval(), x.double()
    seen = absvit.perceive(model, x)
    assert not torch.allclose(seen.logits[0, 0], seen.logits[1, 0])
    torch.testing.assert_close(seen.logits[1, 0], model(x).detach())


def test_lifted_vits_keep_type_device_and_configuration():
    plain = vit(img_size=64).double()
    plain.set_grad_checkpointing()
    model = absvit.topdown_from(plain)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float64}
    assert (model.pretrained_cfg, model.training, model.grad_checkpointing) == (plain.pretrained_cfg, False, True)
    assert model.prior_gains == timm.create_model("absvit_tiny_patch16_224", depth=1).prior_gains
    with torch.device("meta"):
        assert absvit.topdown_from(timm.create_model("vit_base_patch16_224")).prompt.is_meta
    twin, x = pickle.loads(pickle.dumps(model)), images(plain).double()
    assert torch.equal(twin(x), model(x))
    model.load_state_dict(copy.deepcopy(twin.state_dict()))
    scripted = torch.jit.script(absvit.topdown_from(vit(img_size=64)))
    assert scripted(images(plain)).shape == (2, 1000)
    model.set_input_size((96, 32))
    model.reset_classifier(4)
    assert model(torch.zeros(1, 3, 96, 32, dtype=torch.float64)).shape == (1, 4)


def test_lifted_vits_can_take_official_weights():
    official = timm.create_model("absvit_tiny_patch16_224", **{**SIZE, "img_size": 64}).eval()
    model = absvit.topdown_from(vit(img_size=64))
    model.load_state_dict(official.state_dict())
    model.second_value_bias = True
    x = images(model)
    torch.testing.assert_close(model(x), official(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(2, 2),
        lambda: timm.create_model("resnet18"),
        lambda: timm.create_model("deit_tiny_distilled_patch16_224", depth=1),
        lambda: timm.create_model("eva02_tiny_patch14_224", depth=1),
        lambda: timm.create_model("absvit_micro"),
        lambda: absvit.topdown_from(timm.create_model("vit_micro")),
        lambda: "vit_tiny_patch16_224",
    ],
)
def test_what_is_no_plain_vision_transformer_is_refused(make):
    with pytest.raises(ValueError, match="expected a timm VisionTransformer without feedback, got"):
        absvit.topdown_from(make())


@pytest.mark.parametrize(
    "kwargs",
    [
        {"block_fn": vision_transformer.ResPostBlock},
        {"block_fn": vision_transformer.ParallelScalingBlock},
        {"block_fn": vision_transformer.ParallelThingsBlock},
        {"attn_layer": "diff"},
        {"scale_attn_norm": True},
    ],
    ids=str,
)
def test_foreign_blocks_are_refused(kwargs):
    plain = vit(img_size=64, embed_layer=PatchEmbed, **kwargs)
    sizes = {"img_size": 64, "patch_size": 16, "embed_dim": 48, "depth": 2, "num_heads": 3}
    for refuse in (
        lambda: absvit.topdown_from(plain),
        lambda: absvit.perceive(plain, torch.zeros(1, 3, 64, 64)),
        lambda: absvit.AbSViT(**sizes, **kwargs),
    ):
        with pytest.raises(ValueError, match="pre-norm blocks with plain attention"):
            refuse()
