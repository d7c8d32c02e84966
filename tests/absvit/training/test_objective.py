"""The training loss against torch's own cross-entropy, the public priors, and the model written down plainly."""

import formula
import numpy as np
import plain
import pytest
import timm
import torch
import torch.nn.functional as F

from absvit import priors
from absvit.training.cued.batch import SceneObjective, prior_weights
from absvit.training.cued.scenes import Scenes
from absvit.training.losses import cross_entropy
from absvit.training.pictures.objective import PictureObjective, Teacher

SCENES = Scenes(shares=(0.2, 0.2, 0.2, 0.2, 0.2), size=48)
HEADS = 2
NAMES = {
    "loss", "loss_pass1", "loss_pass2", "variational_loss", "token_loss", "accuracy_pass1", "accuracy_pass2",
}  # fmt: skip


def doubled(batch):
    return type(batch)(*(value.double() if value.is_floating_point() else value for value in batch))


@pytest.fixture(scope="module")
def batch():
    """A dozen images with cues of every kind."""
    made = doubled(SCENES.batch(np.arange(12), 0, 0.0))
    uncued = (made.cue_class < 0) & (made.cue_place[:, 0, 0] < 0)
    assert uncued.sum() >= 2 and (made.cue_class >= 0).sum() >= 2 and (made.cue_place[:, 0, 0] >= 0).sum() >= 2
    return made


@pytest.fixture
def model():
    return formula.fill(timm.create_model("absvit_micro", img_size=48)).train()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
@pytest.mark.parametrize("soft", [False, True])
def test_cross_entropy_is_torchs(smoothing, soft):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(9, 5, dtype=torch.float64, generator=generator)
    target = torch.rand(9, 5, dtype=torch.float64, generator=generator)
    target = target / target.sum(1, keepdim=True) if soft else F.one_hot(target.argmax(1), 5).double()
    given = target if soft else target.argmax(1)
    expected = F.cross_entropy(logits, given, label_smoothing=smoothing)
    torch.testing.assert_close(cross_entropy(logits, target, smoothing), expected, rtol=1e-12, atol=0)
    folded = cross_entropy(logits.reshape(3, 3, 5), target.reshape(3, 3, 5), smoothing)
    torch.testing.assert_close(folded, expected, rtol=1e-12, atol=0)


def prior_of(batch, image):
    """The public prior that an image's cue amounts to."""
    if batch.cue_class[image] >= 0:
        return priors.ClassPrior(int(batch.cue_class[image]))
    if batch.cue_place[image].min() >= 0:
        return priors.SpatialPrior(batch.cue_place[image])
    return priors.LearnedPrior()


def test_prior_weights_are_those_of_the_public_priors_image_by_image(model, batch):
    model.prior_gains = {"learned": 1.5, "class": 3.0, "vector": 9.0, "place": 0.7}
    tokens = torch.randn(12, 37, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = torch.cat([prior_of(batch, i).weigh(tokens[i : i + 1], model) for i in range(12)])
    torch.testing.assert_close(prior_weights(model, tokens, batch), expected, rtol=1e-12, atol=1e-12)


def test_the_classifier_learns_nothing_through_a_cue(model, batch):
    tokens = torch.randn(12, 37, 64, dtype=torch.float64)
    prior_weights(model, tokens, batch).sum().backward()
    assert model.head.weight.grad is None
    assert model.prompt.grad.abs().sum() > 0


def plain_cross_entropy(logits, target, smoothing=0.1):
    """One image after another, one class after another."""
    total = 0.0
    for scores, wanted in zip(logits, target, strict=True):
        normaliser = scores.exp().sum().log()
        for score, share in zip(scores, wanted, strict=True):
            total = total - ((1 - smoothing) * share + smoothing / len(scores)) * (score - normaliser)
    return total / len(logits)


def plain_weights(model, batch, tokens):
    rows = []
    for image in range(len(tokens)):
        cue, place = int(batch.cue_class[image]), batch.cue_place[image].flatten()
        if place.min() >= 0:
            rows.append(torch.cat([torch.zeros(1, dtype=torch.float64), model.prior_gains["place"] * place]))
        elif cue >= 0:
            rows.append(model.prior_gains["class"] * plain.cosine(tokens[image], model.head.weight[cue].detach()))
        else:
            rows.append(model.prior_gains["learned"] * plain.cosine(tokens[image], model.prompt))
    return torch.stack(rows)


def plain_token_loss(state, batch, tokens):
    on_object, background = [], []
    for image, classes in enumerate(batch.token_class):
        for token, c in enumerate(classes.flatten().tolist()):
            log_p = plain.linear(state, "head", tokens[image, 1 + token]).log_softmax(0)
            (on_object if c >= 0 else background).append(-(log_p[c] if c >= 0 else log_p.mean()))
    return (sum(on_object) / len(on_object) + sum(background) / len(background)) / 2


def share_right(logits, target):
    """Share of images whose winner is one of the classes with the largest target."""
    hits = [row[scores.argmax()] == row.max() for scores, row in zip(logits, target, strict=True)]
    return sum(hits) / len(hits)


def test_the_loss_and_its_gradients_are_the_plain_sums(model, batch):
    losses = SceneObjective(model, smoothing=0.1, var_loss=0.3, token_weight=0.4)(batch)
    state = dict(model.named_parameters())
    passes = plain.look(state, batch.images, HEADS, lambda tokens: plain_weights(model, batch, tokens))
    expected = {
        "loss_pass1": plain_cross_entropy(passes[0]["logits"], batch.shown),
        "loss_pass2": plain_cross_entropy(passes[1]["logits"], batch.asked),
        "variational_loss": 0.3 * plain.variational_loss(state, passes[1]["states"]),
        "token_loss": plain_token_loss(state, batch, passes[0]["tokens"]),
        "accuracy_pass1": share_right(passes[0]["logits"], batch.shown),
        "accuracy_pass2": share_right(passes[1]["logits"], batch.asked),
    }
    expected["loss"] = (
        (expected["loss_pass1"] + expected["loss_pass2"]) / 2
        + expected["variational_loss"]
        + 0.4 * expected["token_loss"]
    )
    assert set(losses) == NAMES
    for name, value in expected.items():
        assert losses[name].item() == pytest.approx(float(value.detach()), rel=1e-9), name
        assert losses[name].requires_grad == (name == "loss")
    named = dict(model.named_parameters())
    found = torch.autograd.grad(losses["loss"], list(named.values()))
    wanted = torch.autograd.grad(expected["loss"], list(named.values()))
    for name, ours, theirs in zip(named, found, wanted, strict=True):
        assert (ours - theirs).norm() <= 1e-7 * theirs.norm(), name


def test_without_weights_only_the_two_passes_count(model, batch):
    losses = SceneObjective(model, smoothing=0.1, var_loss=0.0, token_weight=0.0)(batch)
    assert losses["loss"].item() == pytest.approx((losses["loss_pass1"] + losses["loss_pass2"]).item() / 2, rel=1e-12)
    assert losses["token_loss"] == 0 and losses["variational_loss"] == 0


def test_a_batch_whose_objects_cover_no_token_has_a_loss(model, batch):
    nothing = batch._replace(token_class=torch.full_like(batch.token_class, -1))
    objective = SceneObjective(model, smoothing=0.1, var_loss=0.1, token_weight=0.4)
    tokens = plain.run(dict(model.named_parameters()), model.embed(batch.images), HEADS)["tokens"]
    log_p = model.head(tokens[:, 1:]).log_softmax(-1)
    losses = objective(nothing)
    assert losses["token_loss"].item() == pytest.approx(-log_p.mean().item() / 2, rel=1e-9)
    losses["loss"].backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_a_plain_vit_learns_what_is_shown(batch):
    vit = formula.fill(timm.create_model("vit_micro", img_size=48)).train()
    losses = SceneObjective(vit, smoothing=0.1, var_loss=0.1, token_weight=0.4)(batch)
    logits = vit(batch.images)
    assert losses["loss"].item() == pytest.approx(plain_cross_entropy(logits, batch.shown).item(), rel=1e-9)
    assert losses["accuracy_pass1"].item() == pytest.approx(float(share_right(logits, batch.shown)))
    assert set(losses) == {"loss", "accuracy_pass1"}


# ---- labelled pictures ---------------------------------------------------------------------------------------------


@pytest.fixture
def pictures():
    generator = torch.Generator().manual_seed(2)
    target = torch.rand(4, 12, dtype=torch.float64, generator=generator)
    images = torch.randn(4, 3, 48, 48, dtype=torch.float64, generator=generator)
    return images, target / target.sum(1, keepdim=True)


def taught_by_hand(kind, logits, taught, tau):
    """The teacher's part of the loss, one image and one class after another."""
    total = 0.0
    for scores, right in zip(logits, taught, strict=True):
        if kind == "hard":
            total = total - scores.log_softmax(0)[right.argmax()] / len(logits)
            continue
        p, q = (scores / tau).softmax(0), (right / tau).softmax(0)
        for one, other in zip(p, q, strict=True):
            total = total + other * (other.log() - one.log()) * tau**2 / logits.numel()
    return total


@pytest.mark.parametrize("kind", ["soft", "hard"])
@pytest.mark.parametrize("name", ["absvit_micro", "vit_micro"])
def test_a_teacher_has_its_share_of_every_pass(kind, name, pictures):
    images, target = pictures
    student = formula.fill(timm.create_model(name, img_size=48))
    network = formula.fill(timm.create_model("vit_micro", img_size=48), seed=4).train()
    scale, shift = (torch.tensor(values, dtype=torch.float64) for values in ([2.0, 1.0, 0.5], [0.1, 0.0, -0.2]))
    teacher = Teacher(network, kind, alpha=0.3, tau=2.5, scale=scale, shift=shift)
    losses = PictureObjective(student, smoothing=0.1, var_loss=0.2, teacher=teacher)(images, target)
    taught = network.eval()(images * scale.view(3, 1, 1) + shift.view(3, 1, 1))
    passes = [student(images)]
    expected = 0.0
    if name == "absvit_micro":
        state = dict(student.named_parameters())
        seen = plain.look(state, images, HEADS, lambda tokens: plain.cosine(tokens, state["prompt"]))
        passes = [step["logits"] for step in seen]
        expected = 0.2 * plain.variational_loss(state, seen[1]["states"])
    for logits in passes:
        share = 0.7 * plain_cross_entropy(logits, target) + 0.3 * taught_by_hand(kind, logits, taught, 2.5)
        expected = expected + share / len(passes)
    assert losses["loss"].item() == pytest.approx(expected.item(), rel=1e-9)
    losses["loss"].backward()
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_loss_of_augmented_patches_counts(pictures):
    images, target = pictures
    changed = images.flip(-1)
    objective = PictureObjective(formula.fill(timm.create_model("absvit_micro", img_size=48)), 0.1, 0.1)

    def gradient(*words):
        losses = objective(*words)
        return losses["loss"], torch.autograd.grad(losses["loss"], list(objective.parameters()))

    (first, of_first), (second, of_second) = gradient(images, target), gradient(changed, target)
    both, of_both = gradient(images, target, changed)
    assert both.item() == pytest.approx((first + second).item() / 2, rel=1e-12) and first != second
    for one, two, mean in zip(of_first, of_second, of_both, strict=True):
        torch.testing.assert_close(mean, (one + two) / 2, rtol=1e-9, atol=1e-12)
