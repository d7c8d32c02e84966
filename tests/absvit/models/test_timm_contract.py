"""What timm promises of its models, and tests them for, holds for every name of ours."""

import copy
import math
import pickle
import re
from functools import cache

import formula
import plain
import pytest
import timm
import torch
from timm.layers import set_exportable, set_scriptable
from timm.models import FeatureInfo, group_parameters
from timm.models._features_fx import get_notrace_functions, get_notrace_modules
from timm.optim import param_groups_layer_decay, param_groups_weight_decay
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

import absvit
import absvit.models.zoo.stem  # its module is a leaf of traces
from absvit.closed_form import registered
from absvit.models.zoo.variants import MODEL_NAMES

NAMES = [name for name in MODEL_NAMES if "vit" in name]
OURS = (*MODEL_NAMES, *registered.MODEL_NAMES)
TOPDOWN = [name for name in NAMES if name.startswith("absvit")]
LIGHT = [name for name in NAMES if not re.search("small|base|^vit_tiny", name)]  # one of each making, not of each width
SIZE = {"img_size": 64, "depth": 3}


def made(name, seed=0, **kwargs):
    """A model of a few blocks with weights that make feedback matter."""
    model = timm.create_model(name, **{**SIZE, **kwargs})
    return formula.fill(model, seed, torch.float32)


kept = cache(made)


def small(name, seed=0, **kwargs):
    """A copy of such a model, which takes less long than to make it anew."""
    return copy.deepcopy(kept(name, seed, **kwargs))


def noise(batch=2, channels=3, size=64):
    return torch.randn(batch, channels, size, size, generator=torch.Generator().manual_seed(0))


def named_gradients(model, images):
    model.zero_grad()
    model(images).square().mean().backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("name", NAMES)
def test_forward(name):
    model = timm.create_model(name, depth=SIZE["depth"]).eval()
    images = torch.randn(1, *model.default_cfg["input_size"])
    with torch.no_grad():
        logits = model(images)
        assert logits.shape == (1, model.num_classes)
        assert torch.isfinite(logits).all()
        torch.testing.assert_close(model.forward_head(model.forward_features(images)), logits)
    model.set_grad_checkpointing()
    torch.testing.assert_close(model(images).detach(), logits, rtol=1e-4, atol=1e-5)


@pytest.mark.seconds
@pytest.mark.parametrize("name", LIGHT)
def test_backward_reaches_every_parameter(name):
    model = small(name, num_classes=42).train()
    images = noise()
    gradients = named_gradients(model, images)
    assert model(images).shape == (2, 42)
    for key, gradient in gradients.items():
        assert torch.isfinite(gradient).all(), key
        assert gradient.any(), key
    model.set_grad_checkpointing()
    for key, gradient in named_gradients(model, images).items():
        torch.testing.assert_close(gradient, gradients[key], rtol=1e-4, atol=1e-6, msg=key)


@pytest.mark.seconds
@pytest.mark.parametrize("name", NAMES)
def test_default_cfg(name):
    blocks = {"depth": SIZE["depth"]}  # at the size of its pictures, of which alone the shapes tell
    with torch.device("meta"):
        model = timm.create_model(name, **blocks)
        state, cfg = model.state_dict(), model.default_cfg
        assert cfg is model.pretrained_cfg
        assert cfg["classifier"] + ".weight" in state
        assert state[cfg["classifier"] + ".weight"].shape == (cfg["num_classes"], model.num_features)
        first = cfg["first_conv"]  # none where the stem is not among the weights, as timm's own test takes it
        for convolution in (first,) if isinstance(first, str) else first:
            assert state[convolution + ".weight"].shape[1] == cfg["input_size"][0]
        assert model.patch_embed.img_size == cfg["input_size"][1:]
        assert len(cfg["mean"]) == len(cfg["std"]) == 3
        images = torch.empty(2, *cfg["input_size"])
        features = model.forward_features(images)
        pooled = model.forward_head(features, pre_logits=True)
        assert features.shape[-1] == model.num_features
        assert pooled.shape == (2, model.head_hidden_size)
        model.reset_classifier(0)
        assert model(images).shape == pooled.shape
        model.reset_classifier(0, "")
        assert model(images).shape == features.shape
        assert timm.create_model(name, num_classes=0, **blocks)(images).shape == pooled.shape
        assert timm.create_model(name, num_classes=0, global_pool="", **blocks)(images).shape == features.shape
        model.reset_classifier(5, "avg")
        assert model(images).shape == (2, 5)


@pytest.mark.parametrize("name", NAMES)
def test_created_on_a_device_in_a_type_and_kept_frozen(name):
    model = timm.create_model(name, device="meta", dtype=torch.float64, **SIZE).requires_grad_(False)
    assert {(str(p.device), p.dtype) for p in (*model.parameters(), *model.buffers())} == {("meta", torch.float64)}
    model.reset_classifier(0)
    model.set_input_size((128, 128))
    assert not any(parameter.requires_grad for parameter in model.parameters())
    model.reset_classifier(2)
    assert {(str(p.device), p.dtype) for p in model.parameters()} == {("meta", torch.float64)}
    with pytest.raises(TypeError):
        timm.create_model(name, device="meta", not_an_argument=1)


@pytest.mark.seconds
@pytest.mark.parametrize("name", LIGHT)
def test_features_only(name):
    model = timm.create_model(name, features_only=True, **SIZE).eval()
    maps = model(noise())
    channels, reduction = model.feature_info.channels(), model.feature_info.reduction()
    assert len(maps) == len(channels) == 3
    for features, n, r in zip(maps, channels, reduction, strict=True):
        assert features.shape == (2, n, 64 // r, 64 // r)
        assert torch.isfinite(features).all()
    chosen = timm.create_model(name, features_only=True, out_indices=(0, -1), **SIZE)
    assert [info["module"] for info in chosen.feature_info.get_dicts()] == ["blocks.0", "blocks.2"]
    whole = small(name)
    assert not chosen.model.load_state_dict(whole.state_dict(), strict=False).missing_keys
    expected = whole.forward_intermediates(noise(), [0, 2], intermediates_only=True)
    for features, e in zip(chosen.eval()(noise()), expected, strict=True):
        torch.testing.assert_close(features, e)


@pytest.mark.seconds
@pytest.mark.parametrize("name", [name for name in TOPDOWN if name in LIGHT])
def test_intermediates_are_the_blocks_of_the_second_pass(name):
    model = small(name)
    state, images = model.state_dict(), noise()
    info = FeatureInfo(model.feature_info, len(model.feature_info))
    second = plain.look(state, images, model.blocks[0].attn.num_heads, lambda x: plain.cosine(x, state["prompt"]))[1]
    features, maps = model.forward_intermediates(images)
    assert len(maps) == len(info.channels()) == 3
    torch.testing.assert_close(features, model.forward_features(images))
    torch.testing.assert_close(features, second["tokens"], rtol=1e-3, atol=1e-3)
    for block, (result, channels, reduction) in enumerate(zip(maps, info.channels(), info.reduction(), strict=True)):
        assert result.shape == (2, channels, math.ceil(64 / reduction), math.ceil(64 / reduction))
        expected = second["states"][block + 1][:, 1:].transpose(1, 2).reshape(result.shape)
        torch.testing.assert_close(result, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.seconds
@pytest.mark.parametrize("indices", [None, 2, [0, -1], (1,)], ids=str)
@pytest.mark.parametrize("kwargs", [{}, {"class_token": False, "global_pool": "avg"}, {"reg_tokens": 2}], ids=str)
def test_intermediates_in_every_form_of_timm(kwargs, indices):
    vit = timm.create_model("vit_tiny_patch16_224", **SIZE, **kwargs).eval()
    model, images = absvit.topdown_from(vit), noise()
    for choices in range(2**6):
        flags = ("return_prefix_tokens", "norm", "stop_early", "intermediates_only", "output_dict", "nlc")
        options = {flag: bool(choices >> bit & 1) for bit, flag in enumerate(flags)}
        options["output_fmt"] = "NLC" if options.pop("nlc") else "NCHW"
        if options["stop_early"] and not options["intermediates_only"]:
            continue  # timm's features are then those of an inner block
        with torch.no_grad():
            expected = vit.forward_intermediates(images, indices, **options)
            result = model.forward_intermediates(images, indices, **options)
        assert type(result) is type(expected)
        torch.testing.assert_close(result, expected)
    with torch.no_grad():
        torch.testing.assert_close(
            model.get_intermediate_layers(images, 2, reshape=True, return_prefix_tokens=True, norm=True),
            vit.get_intermediate_layers(images, 2, reshape=True, return_prefix_tokens=True, norm=True),
        )
    with pytest.raises(ValueError, match="NCHW.*NLC.*'NHWC'"):
        model.forward_intermediates(images, output_fmt="NHWC")


@pytest.mark.seconds
@pytest.mark.parametrize("name", [name for name in TOPDOWN if name in LIGHT])
def test_pruning_keeps_the_second_pass(name):
    model, images = small(name), noise()
    expected = model.forward_intermediates(images, [0], intermediates_only=True)[0]
    assert model.prune_intermediate_layers([0], prune_norm=True) == [0]
    result = model.forward_intermediates(images, [0], intermediates_only=True)[0]
    torch.testing.assert_close(result, expected)
    early = model.forward_intermediates(images, [0], stop_early=True, intermediates_only=True)[0]
    torch.testing.assert_close(early, expected)
    model.train().forward_features(images).square().sum().backward()
    assert [key for key, parameter in model.named_parameters() if parameter.grad is None] == []


@pytest.mark.seconds
@pytest.mark.parametrize("name", LIGHT)
def test_torchscript(name):
    with set_scriptable(True), set_exportable(True):
        model = made(name)
    scripted, images = torch.jit.script(model), noise()
    for gradients in (True, False):
        with torch.set_grad_enabled(gradients):
            torch.testing.assert_close(scripted(images), model(images), rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(torch.jit.trace(model, images)(noise()), model(noise()), rtol=1e-4, atol=1e-4)


@pytest.mark.seconds
@pytest.mark.parametrize("name", [name for name in TOPDOWN if name in LIGHT])
def test_torchscript_of_a_feature_extractor(name):
    extractor, images = timm.create_model(name, features_only=True, out_indices=(0, -1), **SIZE).eval(), noise()
    with torch.no_grad():
        torch.testing.assert_close(torch.jit.script(extractor)(images), extractor(images), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("call", ["forward", "forward_features", "forward_intermediates"])
def test_causal_attention_is_timms(call):
    vit = timm.create_model("vit_tiny_patch16_224", **SIZE).eval()
    model, images = absvit.topdown_from(vit), noise()
    with torch.no_grad():
        causal = getattr(model, call)(images, is_causal=True)
        torch.testing.assert_close(causal, getattr(vit, call)(images, is_causal=True))
        with pytest.raises(AssertionError):
            torch.testing.assert_close(causal, getattr(model, call)(images))


@pytest.mark.parametrize("name", TOPDOWN[:2])
def test_causal_attention_hides_later_tokens_in_both_passes(name):
    model, images = small(name), noise(1)
    other = images.clone()
    other[..., -16:, -16:] = torch.randn(1, 3, 16, 16)  # the last token
    with torch.no_grad():
        first, second = (model.forward_features(x, is_causal=True)[:, :-1] for x in (images, other))
    torch.testing.assert_close(first, second)


@pytest.mark.seconds
@pytest.mark.parametrize("name", LIGHT)
def test_fx_feature_extraction(name):
    model, images = small(name), noise()
    tracer = {"leaf_modules": get_notrace_modules(), "autowrap_functions": get_notrace_functions()}  # its stem's, too
    tracer["param_shapes_constant"] = True
    train_nodes, eval_nodes = get_graph_node_names(model, tracer_kwargs=tracer)
    nodes = {"train_return_nodes": train_nodes[-1:], "eval_return_nodes": eval_nodes[-1:]}
    with torch.inference_mode():
        expected = model(images)
        traced = create_feature_extractor(model, **nodes, tracer_kwargs=tracer)
        assert torch.equal(torch.cat(tuple(traced(images).values())), expected)
    trained = create_feature_extractor(model, **nodes, tracer_kwargs=tracer).train()
    torch.cat(tuple(trained(images).values())).mean().backward()
    assert [key for key, parameter in trained.named_parameters() if parameter.grad is None] == []


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("name", "gradients"), [*((name, True) for name in LIGHT), *((name, False) for name in LIGHT if "micro" in name)]
)
def test_compile(name, gradients):
    model, images = small(name, depth=2), noise()
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    with torch.set_grad_enabled(gradients):
        torch.testing.assert_close(compiled(images), model(images), rtol=1e-4, atol=1e-4)
        if gradients:
            expected = named_gradients(model, images)
            for key, gradient in named_gradients(compiled, images).items():
                torch.testing.assert_close(gradient, expected[key.removeprefix("_orig_mod.")], rtol=1e-3, atol=1e-4)


def test_export():
    model, images = small("absvit_tiny_patch16_224"), noise()
    torch.testing.assert_close(torch.export.export(model, (images,)).module()(images), model(images))


@pytest.mark.parametrize("name", LIGHT)
def test_input_size_can_be_set(name):
    model = small(name)
    model.set_input_size((96, 128))
    expected = small(name, img_size=(96, 128))
    assert model.patch_embed.grid_size == expected.patch_embed.grid_size
    assert model.pos_embed.shape == expected.pos_embed.shape
    images = torch.randn(1, 3, 96, 128)
    assert model(images).shape == (1, model.num_classes)
    dynamic = small(name, dynamic_img_size=True)
    torch.testing.assert_close(dynamic(images), model(images), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(dynamic(noise()), small(name)(noise()))
    maps = dynamic.forward_intermediates(images, 1, intermediates_only=True)
    assert maps[0].shape[2:] == expected.patch_embed.grid_size


@pytest.mark.parametrize("name", NAMES)
def test_weight_decay_leaves_the_official_parameters_alone(name):
    model = timm.create_model(name, **SIZE)
    expected = {"pos_embed", "cls_token"} | ({"prompt"} if name in TOPDOWN else set())
    assert {key for key, _ in model.named_parameters()} & model.no_weight_decay() == expected
    bare, decayed = param_groups_weight_decay(model, 0.05, no_weight_decay_list=model.no_weight_decay())
    assert (bare["weight_decay"], decayed["weight_decay"]) == (0, 0.05)
    of = {id(parameter): key for key, parameter in model.named_parameters()}
    one_dimensional = {key for key, parameter in model.named_parameters() if parameter.ndim == 1}
    assert {of[id(parameter)] for parameter in bare["params"]} == expected | one_dimensional


@pytest.mark.parametrize("coarse", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_one_group(name, coarse):
    model = timm.create_model(name, **SIZE)
    groups = group_parameters(model, model.group_matcher(coarse))
    members = [key for keys in groups.values() for key in keys]
    assert sorted(members) == sorted(key for key, _ in model.named_parameters())
    group_of = {key: group for group, keys in groups.items() for key in keys}
    for key, group in group_of.items():
        if block := re.match(r"(?:blocks|decoders)\.(\d+)", key):
            assert group == int(block[1]) + 1, key
        else:
            stem = key.startswith(("patch_embed", "pos_embed", "cls_token"))
            assert group == 0 if stem else group >= 3, key
    scales = [group["lr_scale"] for group in param_groups_layer_decay(model, layer_decay=0.7)]
    assert min(scales) < max(scales) == 1


@pytest.mark.parametrize("name", LIGHT)
def test_half_precision(name):
    model, images = small(name), noise()
    with torch.no_grad():
        expected = model(images)
        scale = expected.abs().max()
        with torch.autocast("cpu", torch.bfloat16):
            assert (model(images).float() - expected).abs().max() < 0.05 * scale
            with torch.enable_grad():
                assert (model(images).float() - expected).abs().max() < 0.05 * scale
        half = copy.deepcopy(model).bfloat16()
        result = half(images.bfloat16())
        assert result.dtype == torch.bfloat16
        assert (result.float() - expected).abs().max() < 0.1 * scale
        assert torch.isfinite(copy.deepcopy(model).half()(images.half())).all()
        torch.testing.assert_close(
            copy.deepcopy(model).double()(images.double()).float(), expected, rtol=1e-3, atol=1e-3
        )
    with torch.autocast("cpu", torch.bfloat16):
        loss = model(images).float().square().mean()
    loss.backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", LIGHT)
def test_copies(name):
    model, images = small(name), noise()
    with torch.inference_mode():
        expected = model(images)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with torch.no_grad():
            assert torch.equal(twin(images), expected)
            for parameter in twin.parameters():
                parameter.mul_(1.1)
            assert not torch.allclose(twin(images), expected)
            assert torch.equal(model(images), expected)
        assert all(gradient.isfinite().all() for gradient in named_gradients(twin.train(), images).values())


@pytest.mark.parametrize("name", LIGHT)
def test_constructor_options(name):
    for channels in (1, 4) if "hybrid" not in name else ():  # whose stem was trained on RGB
        assert small(name, in_chans=channels)(noise(channels=channels)).shape[0] == 2
    model = timm.create_model(name, **SIZE, drop_path_rate=0.5, drop_rate=0.1, proj_drop_rate=0.1)
    formula.fill(model, 0, torch.float32)
    images = noise(8)
    assert torch.equal(model(images), model(images))
    torch.testing.assert_close(model(images), small(name)(images))
    model.train()
    assert not torch.equal(model(images), model(images))
    rates = [getattr(block.drop_path1, "drop_prob", 0.0) for block in model.blocks]
    assert rates == pytest.approx([0, 0.25, 0.5])


@pytest.mark.parametrize("name", ["absvit_tiny_patch16_224", "absvit_small_patch16_224"])
def test_attention_mask_hides_tokens_in_both_passes(name):
    model, images = small(name), noise(1)
    other = images.clone()
    other[..., -32:, -32:] = torch.randn(1, 3, 32, 32)
    rows, columns = model.patch_embed.grid_size
    hidden = torch.zeros(rows, columns, dtype=torch.bool)
    hidden[rows // 2 :, columns // 2 :] = True
    visible = torch.cat([torch.ones(1, dtype=torch.bool), ~hidden.flatten()])
    mask = visible.expand(len(visible), -1)
    torch.testing.assert_close(model(images, attn_mask=mask), model(other, attn_mask=mask))
    assert not torch.allclose(model(images), model(other))


def test_names_of_timm_are_left_alone():
    for name in timm.list_models("*vit_*"):
        assert timm.model_entrypoint(name).__module__.startswith("absvit.") == (name in OURS), name
    assert set(timm.list_models("absvit_*")) == {name for name in OURS if name.startswith("absvit")}
