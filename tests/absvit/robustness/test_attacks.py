"""Attacks: FGSM and PGD against closed forms, a plain loop and foolbox."""

import foolbox
import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F
from torch import nn

import absvit
from absvit.robustness.attacks import FGSM, PGD, Attack, normalised, pass_logits, perturb

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.3, 0.25)


def seeded(name="absvit_micro", **kwargs):
    torch.manual_seed(3)
    model = timm.create_model(name, img_size=16, num_classes=5, depth=2, drop_rate=0.2, **kwargs)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn(parameter.shape)
    return model.double().eval()


def pixels(n=3):
    return torch.from_numpy(np.random.default_rng(7).random((n, 3, 16, 16)))


LABELS = torch.tensor([0, 3, 4])


def loss(model, x, iteration):
    logits = absvit.perceive(model, (x - torch.tensor(MEAN).double()[:, None, None]) / column(STD), iterations=1).logits
    return F.cross_entropy(logits[iteration, 0], LABELS, reduction="none")


def column(values):
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


@pytest.mark.parametrize("iteration", [0, 1])
def test_the_gradient_is_that_of_finite_differences(iteration):
    model, x = seeded(), pixels()
    change = perturb(model, x, LABELS, FGSM, MEAN, STD, iteration=iteration) - x
    generator, h = np.random.default_rng(0), 1e-6
    for _ in range(12):
        image, *place = (int(generator.integers(n)) for n in x.shape)
        moved = x.clone()
        moved[image, *place] += h
        slope = (loss(model, moved, iteration) - loss(model, x, iteration))[image]
        expected = (x[image, *place] + torch.sign(slope) / 255).clamp(0, 1) - x[image, *place]
        assert change[image, *place] == pytest.approx(float(expected), abs=1e-12)


def test_a_linear_model_is_attacked_in_closed_form():
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 3 * 16 * 16)))
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16 * 16, 2, bias=False).double())
    model[1].weight.data = weights
    x, labels = pixels(), torch.tensor([0, 1, 0])
    up = (weights[1] - weights[0]).view(3, 16, 16).sign()  # raises the loss of class 0
    direction = torch.stack([up, -up, up])
    for eps in (0.5, 1, 4):
        expected = (x + direction * eps / 255).clamp(0, 1)
        for attack in (FGSM.at(eps), PGD.at(eps), Attack(eps, eps, 8, restarts=2, seed=5)):
            assert torch.allclose(perturb(model, x, labels, attack, MEAN, STD), expected, atol=1e-12)
        targeted = Attack(eps, 2 * eps, 1, random_start=False, targeted=True)
        towards = (x - direction * eps / 255).clamp(0, 1)
        assert torch.allclose(perturb(model, x, labels, targeted, MEAN, STD), towards, atol=1e-12)


def test_starts_are_seeded_by_image_and_fill_the_ball():
    model, x = seeded("vit_micro"), pixels()
    still = Attack(eps=8, step=1e-9, steps=1, seed=2)
    start = perturb(model, x, LABELS, still, MEAN, STD, numbers=[4, 5, 6])
    inside = (start > 1e-6) & (start < 1 - 1e-6)
    change = ((start - x) * 255)[inside]
    assert change.abs().max() <= 8 and change.std() == pytest.approx(8 / 3**0.5, rel=0.05)
    assert change.mean() == pytest.approx(0, abs=0.5)
    alone = perturb(model, x[1:2], LABELS[1:2], still, MEAN, STD, numbers=[5])
    assert torch.allclose(alone, start[1:2], atol=1e-12)
    other = perturb(model, x, LABELS, Attack(eps=8, step=1e-9, steps=1, seed=3), MEAN, STD, numbers=[4, 5, 6])
    assert not torch.allclose(start, other, atol=1e-3)


def test_pgd_stays_in_the_ball_and_restarts_never_lose():
    model, x = seeded(), pixels()
    reached = []
    for restarts in (1, 4):
        attacked = perturb(model, x, LABELS, Attack(4, 2, 3, restarts=restarts), MEAN, STD)
        assert attacked.min() >= 0 and attacked.max() <= 1 and (attacked - x).abs().max() <= 4 / 255 + 1e-12
        reached.append(loss(model, attacked, 1).detach())
    assert (loss(model, x, 1) < reached[0]).all() and (reached[0] <= reached[1] + 1e-12).all()


def test_the_decision_may_fall_among_some_classes():
    model, x, some = seeded(), pixels(), torch.tensor([1, 3])
    attacked = perturb(model, x, torch.tensor([0, 1, 1]), FGSM, MEAN, STD, classes=some)
    y = x.clone().requires_grad_()
    F.cross_entropy(model((y - column(MEAN)) / column(STD))[:, some], torch.tensor([0, 1, 1])).backward()
    assert torch.allclose(attacked, (x + y.grad.sign() / 255).clamp(0, 1), atol=1e-12)


def test_the_model_keeps_its_mode_and_its_gradients():
    model = seeded().train()
    model.blocks[0].eval()
    before = [module.training for module in model.modules()]
    first = perturb(model, pixels(), LABELS, PGD, MEAN, STD)
    assert torch.equal(first, perturb(model, pixels(), LABELS, PGD, MEAN, STD))  # no dropout
    assert [module.training for module in model.modules()] == before
    assert all(parameter.grad is None for parameter in model.parameters())
    with torch.no_grad():
        assert torch.equal(first, perturb(model, pixels(), LABELS, PGD, MEAN, STD))


def test_logits_of_all_passes():
    model, x = seeded(), normalised(pixels(), MEAN, STD)
    logits = pass_logits(model, x)
    assert logits.shape == (2, 3, 5) and torch.allclose(logits[1], model(x))
    assert pass_logits(model, x, 3).shape == (4, 3, 5)
    plain = seeded("vit_micro")
    assert torch.equal(pass_logits(plain, x), plain(x)[None])
    with pytest.raises(ValueError, match="no pass 1"):
        pass_logits(plain, x, 1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda x: normalised(x, MEAN, STD), "normalised already"),
        (lambda x: x * 255, "normalised already, or like grey levels"),
        (lambda x: x * torch.nan, "expected pixels in"),
        (lambda x: (x * 255).byte(), "floating point"),
        (lambda x: x[0], "expected pixels .image, channel, y, x"),
    ],
)
def test_what_is_no_picture_is_refused(wrong, told):
    model = seeded()
    model.train()
    with pytest.raises(ValueError, match=told):
        perturb(model, wrong(pixels()), LABELS)
    assert model.training
    with pytest.raises(ValueError, match="labels"):
        perturb(model, pixels(), LABELS[:2])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"eps": -1}, "eps"), ({"step": 0}, "step"), ({"steps": 0}, "steps"), ({"restarts": 0}, "restarts"),
        ({"seed": -1}, "seed"), ({"restarts": 3, "random_start": False}, "all the same"),
    ],
)  # fmt: skip
def test_attacks_that_make_no_sense_are_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        Attack(**wrong)


@pytest.mark.parametrize("name", ["absvit_micro", "vit_micro"])
def test_foolbox_attacks_alike(name):
    model, x = seeded(name).float(), pixels().float()
    preprocessing = {"mean": list(MEAN), "std": list(STD), "axis": -3}
    theirs = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu", preprocessing=preprocessing)
    criterion = foolbox.criteria.Misclassification(LABELS)
    for eps in (0.5, 1.0, 4.0):
        for ours, attack in (
            (FGSM.at(eps), foolbox.attacks.FGSM(random_start=False)),
            (
                Attack(eps, eps / 2, 5, random_start=False),
                foolbox.attacks.LinfPGD(abs_stepsize=eps / 510, steps=5, random_start=False),
            ),
        ):
            _, expected, _ = attack(theirs, x, criterion, epsilons=eps / 255)
            assert (perturb(model, x, LABELS, ours, MEAN, STD) - expected).abs().max() < 1e-3 / 255
