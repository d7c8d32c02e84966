"""What an update sees does not depend on processes, workers or interruptions, and is what timm would show."""

import os
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from timm.data import Mixup

from absvit.data.datasets import LabelledPictures
from absvit.images import eval_transform
from absvit.training.pictures.augmentation import Augmentation, Mixing, isolated_randomness
from absvit.training.pictures.epoch_order import Updates, epoch_order
from absvit.training.pictures.views import Batch, Views, evaluation_loader, training_loader

HALF = (0.5, 0.5, 0.5)
SAMPLER = Path(__file__).parents[2] / "data" / "conformance" / "repeated_augmentation_sampler.npz"


class Made(LabelledPictures):
    """Pictures of noise, some of which cannot be read."""

    def __init__(self, n, unreadable=(), deadly=-1):
        super().__init__("abc", np.arange(n) % 3)
        self.unreadable, self.deadly = unreadable, deadly

    def name(self, index):
        return f"{index}.png"

    def read(self, index):
        if index in self.unreadable:
            raise ValueError(f"cannot read {self.name(index)}")
        if index == self.deadly:
            os._exit(1)
        return Image.fromarray(np.random.default_rng(index).integers(0, 256, (40, 48, 3), np.uint8))


def batches(n=24, total=8, epochs=2, seed=5, workers=0, pictures=None, augmentation=None, size=40, **updates):
    augmentation = augmentation or Augmentation()
    pictures = pictures or Made(n)
    given = Updates(len(pictures), total, epochs, seed, augmentation.repeats, mixing=augmentation.mixes, **updates)
    return list(training_loader(pictures, augmentation, size, HALF, HALF, given, seed, workers))


def states():
    """Of the generators that the whole process shares."""
    kept = np.random.get_state()  # noqa: NPY002 - what timm draws from
    return random.getstate(), [str(part) for part in kept], torch.get_rng_state().tolist()


def draw():
    return random.random(), np.random.rand(), float(torch.rand(()))  # noqa: NPY002 - what timm draws from


# ---- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "world_size"), [(1000, 4), (777, 2)])
@pytest.mark.parametrize("epoch", [0, 3])
def test_the_ranks_of_the_official_sampler_are_slices_of_the_order(n, world_size, epoch):
    order = epoch_order(n, 0, epoch, 3)
    with np.load(SAMPLER) as official:
        for rank in range(world_size):
            expected = official[f"n{n}_world{world_size}_rank{rank}_epoch{epoch}"]
            assert len(expected) > 0
            np.testing.assert_array_equal(order[rank::world_size][: len(expected)], expected)


def test_an_order_is_a_permutation_that_depends_on_seed_and_epoch():
    orders = [epoch_order(50, seed, epoch, 1).tolist() for seed in (0, 1, 2**32) for epoch in (0, 1)]
    assert all(sorted(order) == list(range(50)) for order in orders)
    assert len({tuple(order) for order in orders}) == 6
    assert epoch_order(50, 2**32, 1, 1).tolist() == orders[5]


def test_few_pictures_do_not_give_an_empty_epoch():
    # as many views as pictures: 16 of 50 three times, one twice, where the official sampler gave none
    order = epoch_order(50, 0, 0, 3)
    assert len(order) == 50
    assert sorted(np.unique(order, return_counts=True)[1].tolist()) == [2] + [3] * 16


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize(("world_size", "micro_batch"), [(1, 24), (1, 4), (2, 12), (2, 6), (3, 2), (4, 3)])
def test_processes_and_micro_batches_share_the_order_out(repeats, world_size, micro_batch):
    total = 24
    shares = [Updates(100, total, 3, 7, repeats, rank, world_size, micro_batch) for rank in range(world_size)]
    per_update = total // world_size // micro_batch
    lists = [list(share) for share in shares]
    assert all(len(found) == len(share) == 3 * 4 * per_update for found, share in zip(lists, shares, strict=True))
    for step in range(12):
        epoch, first = step // 4, step % 4 * total
        order = epoch_order(100, 7, epoch, repeats)[first : first + total].tolist()
        micro = [keys for found in lists for keys in found[step * per_update : (step + 1) * per_update]]
        assert all(len(keys) == micro_batch for keys in micro)
        assert sorted(key.index for keys in micro for key in keys) == sorted(order)
        assert {key.epoch for keys in micro for key in keys} == {epoch}
        if world_size * micro_batch == total and world_size == 1:
            assert [key.index for key in micro[0]] == order
        if micro_batch % 2 == 0:  # timm mixes places j and -1 - j
            partner = {order[i]: order[total - 1 - i] for i in range(total)} if repeats == 1 else None
            for keys in micro if partner else []:
                assert [partner[key.index] for key in keys] == [key.index for key in reversed(keys)]
        elif repeats == 1:
            assert [key.index for keys in micro for key in keys] == order


def test_repeats_are_counted_within_an_epoch():
    keys = [key for update in Updates(600, 64, 2, 0, 3) for key in update]
    assert len(set(keys)) == len(keys) == 2 * (512 // 64) * 64
    assert [key.repeat for key in keys[:6]] == [0, 1, 2, 0, 1, 2]
    assert all(a.index == b.index for a, b in zip(keys[:9:3], keys[1:9:3], strict=True))


@pytest.mark.parametrize("first_step", [0, 1, 4, 11, 12, 13])
def test_a_resumed_training_goes_on_where_it_stopped(first_step):
    arguments = {"repeats": 3, "rank": 1, "world_size": 2, "micro_batch": 6}
    whole, rest = (list(Updates(100, 24, 3, 7, first_step=step, **arguments)) for step in (0, first_step))
    assert rest == whole[first_step * 2 :]
    assert len(Updates(100, 24, 3, 7, first_step=first_step, **arguments)) == len(rest)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"n": 10}, "10 pictures holds no batch of 24"),
        ({"world_size": 5}, "multiple of"),
        ({"micro_batch": 7}, "24 pictures of an update cannot be shared by 1 processes in micro-batches of 7"),
        ({"micro_batch": 3, "mixing": True}, "even number, got 3"),
        ({"rank": 2, "world_size": 2}, "rank must be"),
        ({"epochs": 0}, "at least 1"),
        ({"seed": -1}, "at least 0"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        Updates(**({"n": 100, "total_batch": 24, "epochs": 1, "seed": 0, "repeats": 1} | arguments))


# ---- views -----------------------------------------------------------------------------------------------------------


def test_workers_do_not_change_what_is_shown():
    alone = batches(augmentation=Augmentation(use_patch_aug=True), size=32)
    assert len(alone) == 6 and alone[0].images.shape == alone[0].patch_images.shape == (8, 3, 32, 32)
    assert not torch.equal(alone[0].images, alone[0].patch_images)
    for workers in (1, 2):
        for ours, theirs in zip(
            alone, batches(augmentation=Augmentation(use_patch_aug=True), size=32, workers=workers), strict=True
        ):
            assert all(torch.equal(a, b) for a, b in zip(ours[:3], theirs[:3], strict=True))


def test_processes_and_interruptions_do_not_change_what_is_shown():
    whole = batches()
    halves = [batches(rank=rank, world_size=2) for rank in (0, 1)]
    for batch, *parts in zip(whole, *halves, strict=True):
        for place in (0, 1):  # images, targets
            (a, b), (c, d) = (part[place].chunk(2) for part in parts)
            assert torch.equal(batch[place], torch.cat([a, c, d, b]))
    for ours, theirs in zip(whole[4:], batches(first_step=4), strict=True):
        assert torch.equal(ours.images, theirs.images) and torch.equal(ours.target, theirs.target)


def test_views_differ_between_epochs_repeats_pictures_and_seeds():
    views = Views(Made(5), Augmentation(), 40, HALF, HALF, 0)
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)]
    seen = [views[key].image for key in keys] + [Views(Made(5), Augmentation(), 40, HALF, HALF, 1)[0, 0, 0].image]
    assert not any(torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
    assert torch.equal(views[keys[3]].image, seen[3])


def test_nothing_is_drawn_from_the_global_generators():
    before = states()
    batches(augmentation=Augmentation(use_patch_aug=True), size=32)
    batches(augmentation=Augmentation(use_patch_aug=True), size=32, workers=1)
    list(evaluation_loader(Made(4), eval_transform(32), 2, num_workers=1))
    list(evaluation_loader(Made(4), eval_transform(32), 2))
    Mixing(Augmentation())(torch.randn(4, 3, 8, 8, generator=torch.Generator()), torch.arange(4), 4, 0, 1)
    assert states() == before
    with pytest.raises(KeyError), isolated_randomness(1, 2):
        drawn = draw()
        raise KeyError
    assert states() == before
    with isolated_randomness(1, 2):
        assert drawn == draw()
    with isolated_randomness(2, 1):
        assert len({*drawn, *draw()}) == 6


def test_small_inputs_are_padded_and_cropped():
    class Small(Made):
        def read(self, index):
            return super().read(index).crop((0, 0, 32, 32))

    plain = Augmentation(aa="none", color_jitter=0.0, reprob=0.0)
    views, padded = Views(Small(3), plain, 32, HALF, HALF, 0), np.zeros((40, 40, 3), np.float32)
    padded[4:36, 4:36] = np.asarray(Small(3).read(1), np.float32) / 255
    windows = np.lib.stride_tricks.sliding_window_view(padded, (32, 32), axis=(0, 1)).reshape(81, 3, 32, 32)
    windows = np.concatenate([windows, windows[..., ::-1]]) * 2 - 1
    found = set()
    for epoch in range(20):
        distance = np.abs(windows - views[epoch, 1, 0].image.numpy()).max(axis=(1, 2, 3))
        found.add(int(distance.argmin()))
        assert distance.min() < 1e-6
    assert len(found) > 10


def test_an_unreadable_picture_is_replaced_and_told():
    pictures = Made(24, unreadable=(3, 4, 23))
    shown = batches(pictures=pictures, augmentation=Augmentation(repeated_aug=False), epochs=1)
    assert sorted(problem for batch in shown for problem in batch.problems) == [
        "cannot read 23.png", "cannot read 3.png; cannot read 4.png", "cannot read 4.png",
    ]  # fmt: skip
    views = Views(pictures, Augmentation(), 40, HALF, HALF, 0)
    for missing, replacement in ((3, 5), (4, 5), (23, 0)):
        assert views[0, missing, 0].target == replacement % 3
    assert views[0, 5, 0].problem == ""
    with pytest.raises(ValueError, match=r"16 pictures in a row cannot be read; the first: cannot read 2\.png"):
        Views(Made(50, unreadable=range(40)), Augmentation(), 40, HALF, HALF, 0)[0, 2, 0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_failure_is_one_line(workers):
    with pytest.raises(ValueError, match=r"^8 pictures in a row cannot be read; the first: cannot read \d\.png$"):
        batches(pictures=Made(8, unreadable=range(8)), workers=workers, augmentation=Augmentation(repeated_aug=False))


def test_a_worker_that_dies_is_told():
    with pytest.raises(ChildProcessError, match=r"DataLoader worker.*use fewer workers") as told:
        batches(pictures=Made(8, deadly=3), workers=1, augmentation=Augmentation(repeated_aug=False))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"reprob": 1.5}, "reprob must be a probability"),
        ({"mixup_prob": -0.1}, "mixup_prob must be a probability"),
        ({"mixup": -1.0}, "must not be negative"),
        ({"mixup_mode": "half"}, "batch, pair or elem"),
        ({"mixup_batch": 3}, "even, at least 2, got 3"),
        ({"cutmix_minmax": (0.5, 0.2)}, "two rising shares"),
        ({"aa": "nonsense"}, "timm knows no augmentation 'nonsense'"),
        ({"train_interpolation": "cubic"}, "interpolation must be one of"),
        ({"remode": "grey"}, "erasing_mode must be one of"),
        ({"recount": 0}, "erasing_count"),
    ],
)
def test_settings_that_timm_would_trip_over_are_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        Views(Made(3), Augmentation(**wrong), 40, HALF, HALF, 0)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("world_size", [1, 3])
def test_evaluation_sees_every_picture_once(workers, world_size):
    pictures, transform = Made(11, unreadable=(4,)), eval_transform(32)
    seen, problems = [], []
    for rank in range(world_size):
        for batch in evaluation_loader(pictures, transform, 3, rank, world_size, workers):
            assert isinstance(batch, Batch) and batch.patch_images is None and len(batch.images) == len(batch.target)
            seen += list(zip(batch.images, batch.target.tolist(), strict=True))
            problems += batch.problems
    assert problems == ["cannot read 4.png"] and len(seen) == 10
    for index in set(range(11)) - {4}:
        matches = [target for image, target in seen if torch.equal(image, transform(pictures.read(index)))]
        assert matches == [index % 3]


# ---- mixing ----------------------------------------------------------------------------------------------------------


def drawn_batch(n=8, classes=5):
    generator = torch.Generator().manual_seed(n)
    return torch.randn(n, 3, 16, 16, generator=generator), torch.randint(classes, (n,), generator=generator)


def test_one_process_mixes_as_timm_does():
    images, target = drawn_batch()
    timms, kinds = Mixup(0.8, 1.0, label_smoothing=0.0, num_classes=5), set()
    for step in range(6):
        kept = images.clone()
        ours, soft = Mixing(Augmentation())(images, target, 5, 3, step)
        assert torch.equal(images, kept)
        with isolated_randomness(3, step):
            theirs, expected = timms(images.clone(), target)
        assert torch.equal(ours, theirs) and torch.equal(soft, expected)
        torch.testing.assert_close(soft.sum(1), torch.ones(8))
        kinds.add(bool((ours == images).any()))  # cutmix leaves some pixels as they are, mixup none
    assert kinds == {True, False}


def test_a_large_update_is_mixed_as_by_several_gpus():
    images, target = drawn_batch(12)
    ours, soft = Mixing(Augmentation(mixup_batch=4))(images, target, 5, 3, 1)
    timms = Mixup(0.8, 1.0, label_smoothing=0.0, num_classes=5)
    for number, gpu in enumerate(([0, 1, 10, 11], [2, 3, 8, 9], [4, 5, 6, 7])):
        with isolated_randomness(3, 1, number):
            theirs, expected = timms(images[gpu], target[gpu])
        assert torch.equal(ours[gpu], theirs) and torch.equal(soft[gpu], expected)


@pytest.mark.parametrize(("mode", "alike"), [("batch", 128), ("batch", 4), ("pair", 128), ("elem", 128)])
@pytest.mark.parametrize(("world_size", "micro_batch"), [(2, 6), (1, 4), (3, 2)])
def test_processes_mix_the_pairs_that_one_process_would(mode, alike, world_size, micro_batch):
    images, target = drawn_batch(12)
    mixing = Mixing(Augmentation(mixup_mode=mode, mixup_batch=alike))
    whole, whole_target = mixing(images, target, 5, 0, 1)
    for rank in range(world_size):
        share = Updates(100, 12, 1, 0, 1, rank, world_size, micro_batch, mixing=True)
        for micro in range(share.accumulation):
            mine = torch.from_numpy(share.positions(micro))
            part, part_target = mixing(images[mine], target[mine], 5, 0, 1, share.chunk(micro))
            assert torch.equal(part, whole[mine]) and torch.equal(part_target, whole_target[mine])


def test_a_copy_is_mixed_in_the_same_way():
    images, target = drawn_batch()
    for mode in ("batch", "pair"):
        mixing = Mixing(Augmentation(mixup_mode=mode))
        for step in range(5):
            ours, soft = mixing(images, target, 5, 0, step)
            copy, copy_soft = mixing(2 * images, target, 5, 0, step)
            torch.testing.assert_close(copy, 2 * ours)
            assert torch.equal(soft, copy_soft)


def test_pairs_are_mixed_each_in_its_own_way_and_as_often_as_asked():
    images = torch.ones(200, 1, 2, 2)
    images[100:] = 0  # a pair is 1 and 0, so that what is left of an image is its share
    asked = Augmentation(mixup=1.0, cutmix=0.0, mixup_mode="pair", mixup_prob=0.5)
    mixed, soft = Mixing(asked)(images, torch.cat([torch.zeros(100), torch.ones(100)]).long(), 2, 0, 0)
    share = mixed[:100, 0, 0, 0]
    torch.testing.assert_close(soft[:100, 0], share)
    torch.testing.assert_close(soft[100:, 0], 1 - share.flip(0))
    untouched = int((share == 1).sum())
    assert 35 <= untouched <= 65  # binomial(100, 0.5) but for 3 in a thousand
    rest = share[share < 1]
    assert len(rest.unique()) == len(rest) and 0.35 < float(rest.mean()) < 0.65  # uniform: beta(1, 1)


def test_without_mixup_and_cutmix_targets_are_whole():
    images, target = drawn_batch(3)
    mixed, soft = Mixing(Augmentation(mixup=0, cutmix=0))(images, target, 5, 0, 0)
    assert torch.equal(mixed, images) and soft.argmax(1).tolist() == target.tolist()
    assert sorted(soft.flatten().tolist()) == [0.0] * 12 + [1.0] * 3
    with pytest.raises(ValueError, match="even, got 3"):
        Mixing(Augmentation())(images, target, 5, 0, 0)
