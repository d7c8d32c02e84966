"""The segmenter: heads equal to another library's, maps of both passes, any size, priors, and what learns when."""

import copy
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F

import absvit
from absvit.models.absvit import cosine_weights
from absvit.segmentation.classes import IGNORED
from absvit.segmentation.heads import AuxiliaryHead, UPerHead
from absvit.segmentation.loading_segmenter import build_segmenter, parameter_groups
from absvit.segmentation.objective import SegmentationObjective, pixel_cross_entropy
from absvit.segmentation.options import Cue
from absvit.segmentation.recipe import SegmentationRecipe
from absvit.segmentation.segmenter import Segmenter, add_deep_prompts
from absvit.training.losses import look_twice
from absvit.training.recipe import RECIPES
from absvit.training.schedules import PolynomialRate

PEER = np.load(Path(__file__).parents[2] / "data" / "upernet.npz")
SMALL = {"num_classes": 3, "img_size": 32, "dynamic_img_size": True}


def segmenter(name="absvit_micro", n_classes=5):
    torch.manual_seed(0)
    backbone = absvit.create_model(name, **SMALL)
    for decoder in getattr(backbone, "decoders", ()):  # as strong a feedback as training makes it
        decoder.linear.weight.data *= 7
        decoder.linear2.weight.data *= 7
    return Segmenter(backbone, n_classes, channels=8, auxiliary_channels=6).eval()


def images(height=32, width=32, n=2):
    return torch.randn(n, 3, height, width, generator=torch.Generator().manual_seed(1))


# ---- heads against transformers', which follow mmseg's -------------------------------------------------------------

OF_PEER = [
    ("psp_modules.{k}.1", "decoder.psp.blocks.{k}.1", range(4)),
    ("bottleneck", "decoder.psp.out_conv", [None]),
    ("fpn_bottleneck", "decoder.fusion_block", [None]),
]


def copied(prefix):
    """The peer's weights under our names: convolution and norm of each unit, and the read-out."""
    units = [(theirs.format(k=k), ours.format(k=k)) for theirs, ours, ks in OF_PEER for k in ks]
    units += [(f"lateral_convs.{k}", f"decoder.fpn_lateral_blocks.{2 - k}.conv_norm_relu") for k in range(3)]
    units += [(f"fpn_convs.{k}", f"decoder.fpn_conv_blocks.{2 - k}") for k in range(3)]
    if prefix == "auxiliary":
        units = [("convs.0", "")]
    state = {}
    for theirs, ours in units:
        names = ("convolution", "norm") if prefix == "auxiliary" else (f"{ours}.0", f"{ours}.1")
        for part, name in zip(("conv", "batch_norm"), names, strict=True):
            start = f"{prefix}.{theirs}.{part}."
            state |= {f"{name}.{key[len(start) :]}": torch.tensor(PEER[key]) for key in PEER if key.startswith(start)}
    return state | {f"classifier.{n}": torch.tensor(PEER[f"{prefix}.classifier.{n}"]) for n in ("weight", "bias")}


def test_the_heads_equal_the_peers():
    maps = [torch.tensor(PEER[f"map{k}"]) for k in range(4)]
    head, auxiliary = UPerHead(6, 8, 4).eval(), AuxiliaryHead(6, 5, 4).eval()
    head.load_state_dict(copied("head"))
    auxiliary.load_state_dict(copied("auxiliary"))
    with torch.no_grad():
        np.testing.assert_allclose(head(maps).numpy(), PEER["head_logits"], atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(auxiliary(maps[-1]).numpy(), PEER["auxiliary_logits"], atol=1e-5, rtol=1e-5)
    assert np.abs(PEER["head_logits"]).max() > 0.5


@pytest.mark.parametrize(
    ("name", "backbone"), [("vit_base_patch16_224", 85_798_656), ("absvit_base_patch16_224", 99_955_200)]
)
def test_the_published_models_have_these_parameters(name, backbone):
    """ViT-B without classifier at 224 px is 85,798,656; a map at 512 px has 1,024 positions, not 196."""
    with torch.device("meta"):
        model = Segmenter(timm.create_model(name, num_classes=0, img_size=512, dynamic_img_size=True), 150)
    d, c, a, classes = 768, 512, 256, 150
    norm = lambda n: 2 * n  # noqa: E731
    head = 4 * (d * c + norm(c)) + (d + 4 * c) * c * 9 + norm(c)  # pyramid pooling
    head += 3 * (d * c + norm(c) + c * c * 9 + norm(c)) + 4 * c * c * 9 + norm(c) + (c + 1) * classes
    auxiliary = d * a * 9 + norm(a) + (a + 1) * classes
    counted = {part: sum(p.numel() for p in getattr(model, part).parameters()) for part in ("decode_head", "backbone")}
    assert counted == {"decode_head": head, "backbone": backbone + (1024 - 196) * d}
    assert sum(p.numel() for p in model.auxiliary_head.parameters()) == auxiliary
    assert model.layers == (2, 5, 8, 11) and model.stride == (16, 16)


# ---- maps ----------------------------------------------------------------------------------------------------------


def test_the_maps_of_a_vit_are_timms():
    model = segmenter("vit_micro")
    last, between = model.backbone.forward_intermediates(images(), [0, 1, 2, 3])
    [maps] = model.features(images())
    assert [m.shape for m in maps] == [(2, 64, 4, 4)] * 4
    for one, other in zip(maps[:3], between[:3], strict=True):
        assert torch.equal(one, other)
    assert torch.equal(maps[3].flatten(2).transpose(1, 2), last[:, 1:])  # the final norm is on the last map alone


def test_both_passes_of_an_absvit_are_those_of_the_model():
    model = segmenter()
    first, second = model.features(images())
    seen = look_twice(model.backbone, images())
    states = model.backbone.ascend(model.backbone.embed(images()))
    as_tokens = [m.flatten(2).transpose(1, 2) for m in (*first, *second)]
    torch.testing.assert_close(as_tokens[1], states[2][:, 1:])
    torch.testing.assert_close(as_tokens[3], seen.tokens[:, 1:])
    torch.testing.assert_close(as_tokens[5], seen.states[2][:, 1:])
    torch.testing.assert_close(as_tokens[7], model.backbone.norm(seen.states[4])[:, 1:])
    assert (first[3] - second[3]).abs().max() > 1e-2
    passes = model.passes(images())
    assert passes.shape == (2, 2, 5, 32, 32)
    torch.testing.assert_close(passes[1], model(images()))


def test_a_size_that_is_no_multiple_of_the_stride_is_padded_and_cut_off():
    model = segmenter()
    small = images(29, 37)
    padded = F.pad(small, (0, 3, 0, 3))
    assert model.padded_size((29, 37)) == (32, 40) and model.grid((29, 37)) == (4, 5)
    torch.testing.assert_close(model(small), model(padded)[..., :29, :37])


def test_a_backbone_needs_four_blocks():
    with pytest.raises(ValueError, match="has only 2"):
        Segmenter(absvit.create_model("vit_micro", depth=2, **SMALL), 3)


def test_without_its_decoder_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "segmentation_models_pytorch.decoders.upernet.decoder", None)
    with pytest.raises(ValueError, match=r"pip install absvit\[segmentation\]"):
        segmenter()


# ---- priors at test time -------------------------------------------------------------------------------------------


def test_a_prior_replaces_the_prompt():
    model = segmenter()
    backbone, prior = model.backbone, absvit.priors.ClassPrior(1, gain=3.0)
    embedded = backbone.embed(images())
    tokens = backbone.norm(backbone.ascend(embedded)[-1])
    weights = 3 * cosine_weights(tokens, backbone.head.weight[1])
    expected = backbone.norm(backbone.ascend(embedded, backbone.descend(tokens * weights[..., None]))[-1])
    first, second = model.features(images(), prior)
    torch.testing.assert_close(second[3].flatten(2).transpose(1, 2), expected[:, 1:])
    torch.testing.assert_close(first[3], model.features(images())[0][3])  # bottom-up knows nothing of it


def test_cues_become_priors():
    model = segmenter()
    tokens = model.backbone.forward_features(images(29, 37))
    assert Cue().prior_for(model) is None
    by_class = Cue("2", cue_gain=2.0).prior_for(model)((29, 37)).weigh(tokens, model.backbone)
    torch.testing.assert_close(by_class, 2 * cosine_weights(tokens, model.backbone.head.weight[2]))
    by_place = (
        Cue(cue_box=(0.5, 0, 1, 1), cue_gain=1.0).prior_for(model)((32, 32)).weigh(tokens[:, :17], model.backbone)
    )
    right = torch.tensor([0.0, 0, 1, 1]).repeat(4)
    torch.testing.assert_close(by_place[0, 1:], right)
    # of 37 columns the right half begins at 18.5: the third of five tokens of 8 px holds 5.5 of its 8 columns
    padded = Cue(cue_box=(0.5, 0, 1, 1)).prior_for(model)((29, 37)).weigh(tokens, model.backbone)[0, 1:].reshape(4, 5)
    torch.testing.assert_close(padded[0] / padded.max(), torch.tensor([0, 0, 5.5, 8, 5]) / 8)
    both = Cue("2", (0.5, 0, 1, 1), 2.0).prior_for(model)((29, 37)).weigh(tokens, model.backbone)
    gain = model.backbone.prior_gains["place"]
    torch.testing.assert_close(both[0, 1:], by_class[0, 1:] * padded.flatten() * gain / padded.max())


@pytest.mark.parametrize(
    ("name", "cue", "told"),
    [
        ("vit_micro", Cue("1"), "plain ViT"),
        ("absvit_micro", Cue("3"), "expected --cue 0 to 2, got '3'"),
        ("absvit_micro", Cue("dog"), "got 'dog'"),
        ("absvit_micro", Cue(cue_box=(2, 0, 3, 1)), "lies outside"),
        ("absvit_micro", Cue(cue_box=(1, 0, 0, 1)), "left < right"),
    ],
)
def test_cues_that_do_not_fit_are_refused(name, cue, told):
    with pytest.raises(ValueError, match=told):
        cue.prior_for(segmenter(name))


def test_a_vit_takes_no_prior():
    with pytest.raises(ValueError, match="no feedback"):
        segmenter("vit_micro")(images(), absvit.priors.LearnedPrior())


# ---- transfer modes ------------------------------------------------------------------------------------------------


def small_recipe(**options):
    base = {"model": "absvit_micro", "data_set": "SCENES", "finetune": "none", "channels": 8, "auxiliary_channels": 6}
    return SegmentationRecipe("small", "", **(base | options))


@pytest.mark.parametrize(
    ("options", "learns"),
    [
        ({"trainable": "linear"}, lambda name: False),
        ({"trainable": "top-down"}, lambda name: "decoders." in name or name == "backbone.prompt"),
        ({"trainable": "prompt", "prompts": 3}, lambda name: name.endswith(".prompts")),
        ({"trainable": "end2end", "finetune": "official_seed0"}, lambda name: not name.startswith("backbone.head.")),
        (
            {"trainable": "top-down", "model": "vit_micro", "lift": True},
            lambda n: "decoders." in n or n.endswith(".prompt"),
        ),
    ],
)
def test_the_transfer_modes_move_what_they_should_and_nothing_else(options, learns):
    torch.manual_seed(0)
    model = build_segmenter(small_recipe(**options), 5)
    before = copy.deepcopy(model.state_dict())
    groups = parameter_groups(model)
    labels = torch.randint(0, 5, (2, 32, 32))
    for _ in range(2):  # lifted decoders start at zero: their first step opens the way for the next
        losses = SegmentationObjective(model.train())(images(), labels)
        losses["loss"].backward()
        torch.optim.AdamW(groups, lr=1e-2, weight_decay=0.1).step()
    for name, parameter in model.named_parameters():
        moved = not torch.equal(parameter.detach(), before[name])
        assert moved == (not name.startswith("backbone.") or learns(name)), name


def test_deep_prompts_are_those_of_the_paper():
    """Ten lines: each block sees the class token, its own prompts, then the patches; their outputs are dropped."""
    plain = absvit.create_model("vit_micro", **SMALL).eval()
    prompted = copy.deepcopy(plain)
    add_deep_prompts(prompted, 3)
    x = plain._pos_embed(plain.patch_embed(images()))
    for block, with_prompts in zip(plain.blocks, prompted.blocks, strict=True):
        assert with_prompts.prompts.shape == (3, 64)
        x = block(torch.cat([x[:, :1], with_prompts.prompts.expand(2, -1, -1), x[:, 1:]], 1))
        x = torch.cat([x[:, :1], x[:, 4:]], 1)
    torch.testing.assert_close(prompted.forward_features(images()), plain.norm(x))


def test_feedback_does_not_reach_the_prompts():
    model = absvit.create_model("absvit_micro", **SMALL).eval()
    add_deep_prompts(model, 2)
    seen = []
    for block in model.blocks:
        block.attn.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[1]))
    model(images())
    assert [drive is None for drive in seen] == [True] * 4 + [False] * 4
    for drive in seen[4:]:
        assert drive.shape == (2, 19, 64) and not drive[:, 1:3].any() and drive[:, 3:].all(-1).any()


def test_norms_positions_and_class_token_are_not_decayed():
    model = build_segmenter(small_recipe(finetune="official_seed0"), 5)
    decayed, kept = parameter_groups(model)
    assert kept["weight_decay"] == 0 and "weight_decay" not in decayed
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    kept_names = {names[id(parameter)] for parameter in kept["params"]}
    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            assert name.startswith("backbone.head.") and id(parameter) not in map(id, decayed["params"])
            continue
        kind = type(modules[name.rpartition(".")[0]]).__name__
        assert (name in kept_names) == (name in ("backbone.pos_embed", "backbone.cls_token") or "Norm" in kind), name


def test_the_backbone_starts_from_the_weights_that_are_named():
    model = build_segmenter(small_recipe(finetune="official_seed1"), 5)
    weights = absvit.load_model("absvit_micro", "official_seed1").state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in model.backbone.state_dict().items())
    fresh = build_segmenter(small_recipe(), 5)
    assert fresh.backbone.num_classes == 0 and not torch.equal(fresh.backbone.prompt, model.backbone.prompt)


# ---- what is minimised ---------------------------------------------------------------------------------------------


def test_the_loss_is_the_sum_over_counted_pixels_by_all_pixels():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 3, 5, generator=generator)
    labels = torch.randint(0, 4, (2, 3, 5), generator=generator)
    labels[0, 1] = IGNORED
    total = 0.0
    for image in range(2):
        for y in range(3):
            for x in range(5):
                if labels[image, y, x] != IGNORED:
                    p = torch.softmax(logits[image, :, y, x], 0)
                    total -= torch.log(p[labels[image, y, x]]).item()
    assert pixel_cross_entropy(logits, labels).item() == pytest.approx(total / 30, rel=1e-5)


def test_the_objective_adds_up():
    model = segmenter()
    labels = torch.randint(0, 5, (2, 32, 32))
    with torch.no_grad():
        head, auxiliary = (pixel_cross_entropy(logits, labels) for logits in (
            model(images()), model.read(model.auxiliary_head, model.features(images())[1][3], (32, 32))
        ))  # fmt: skip
        first = pixel_cross_entropy(model.passes(images())[0], labels)
        plain = SegmentationObjective(model)(images(), labels)
        shared = SegmentationObjective(model, pass1_weight=0.25)(images(), labels)
    assert plain["loss"].item() == pytest.approx((head + 0.4 * auxiliary).item(), rel=1e-5)
    assert shared["loss"].item() == pytest.approx((0.75 * (head + 0.4 * auxiliary) + 0.25 * first).item(), rel=1e-5)
    right = (model(images()).argmax(1) == labels).float().mean()
    assert plain["accuracy"].item() == pytest.approx(right.item())


def test_the_variational_loss_teaches_the_decoders_alone():
    model = segmenter()
    labels = torch.full((2, 32, 32), IGNORED)  # nothing counts: all that is left is the variational loss
    losses = SegmentationObjective(model, var_loss=0.1)(images(), labels)
    losses["loss"].backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().max() > 0}
    assert moved == {f"backbone.decoders.{k}.linear.weight" for k in range(4)}
    assert losses["accuracy"] == 0


def test_the_rate_falls_in_a_straight_line_beneath_its_warm_up():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=6e-5)
    schedule, rates = PolynomialRate(optimizer, 20_000, 0.0, 1500, 1e-6), []
    for step in (0, 1, 750, 1499, 1500, 10_000, 20_000):
        schedule.step_update(step)
        rates.append(optimizer.param_groups[0]["lr"])
    line = [6e-5 * (1 - step / 20_000) for step in (0, 1, 750, 1499, 1500, 10_000, 20_000)]
    expected = [1e-6 + (line[k] - 1e-6) * step / 1500 for k, step in enumerate((0, 1, 750, 1499))] + line[4:]
    assert rates == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("name", [name for name in RECIPES.within("absvit.segmentation") if "base" in name])
def test_the_published_recipes_are_the_references(name):
    recipe = RECIPES[name]
    table = {"voc": (20_000, (512, 512), (2048, 512)), "cityscapes": (40_000, (512, 1024), (2048, 1024))}
    iterations, crop, scale = table.get(name.rpartition("_")[2], (160_000, (512, 512), (2048, 512)))
    assert recipe.epochs * recipe.epoch_updates == iterations
    assert round(recipe.warmup_epochs * recipe.epoch_updates) == 1500
    assert (recipe.crop, recipe.varied.scale, recipe.varied.ratios) == (crop, scale, (0.5, 2.0))
    assert (recipe.lr, recipe.warmup_lr, recipe.min_lr, recipe.schedule) == (6e-5, 1e-6, 0.0, "poly")
    assert (recipe.weight_decay, recipe.opt_betas, recipe.total_batch) == (0.01, (0.9, 0.999), 16)
    assert (recipe.channels, recipe.auxiliary_channels, recipe.auxiliary_weight) == (512, 256, 0.4)
    assert (recipe.varied.flip, recipe.varied.cat_max_ratio, recipe.varied.distortion) == (0.5, 0.75, True)
    assert not recipe.model_ema and recipe.var_loss == 0 and recipe.trainable == "end2end"
