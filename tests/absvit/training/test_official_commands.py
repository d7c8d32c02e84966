"""The official commands: every flag of them means what it meant there, and every published model has its recipe."""

import dataclasses
import hashlib
import json

import pytest
import torch

import absvit.training
from absvit.distributed import Process
from absvit.training import __main__ as command
from absvit.training import loop
from absvit.training.cued.scenes import SceneRecipe
from absvit.training.recipe import RECIPES
from absvit.training.run_options import RunOptions


def test_official_flags_mean_what_they_meant(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(loop, "train", lambda recipe, where, _: seen.update(n=recipe.name, r=recipe, p=where))
    words = (
        "--model absvit_tiny_patch16_224 --data-path DATA --data-set INAT19 --inat-category order --output_dir OUT "
        "--num_workers 8 --batch-size 96 --epochs 200 --warmup-epochs 10 --warmup-lr 2e-6 --min-lr 2e-5 --lr 4e-4 "
        "--opt adamw --opt-eps 1e-7 --opt-betas 0.8 0.99 --clip-grad 2 --weight-decay 0.1 --drop 0.1 --drop-path 0.2 "
        "--model-ema --model-ema-decay 0.999 --color-jitter 0.3 --aa rand-m5 --smoothing 0.2 "
        "--train-interpolation bilinear --repeated-aug --reprob 0.1 --remode const --recount 2 --mixup 0.5 "
        "--cutmix 0.4 --cutmix-minmax 0.2 0.8 --mixup-prob 0.9 --mixup-switch-prob 0.3 --mixup-mode pair "
        "--teacher-model resnet18 --teacher-path T.pth --distillation-type hard --distillation-alpha 0.4 "
        "--distillation-tau 3 --finetune F.pth --seed 7 --resume R.pth --dist-eval --input-size 192 --use_patch_aug "
        "--var_loss 0.2 --device cpu --momentum 0.8"
    )
    assert command.main(words.split()) == 0
    recipe, place = seen["r"], seen["p"]
    assert seen["n"] == "absvit_tiny"
    assert (recipe.model, recipe.data_set, recipe.inat_category) == ("absvit_tiny_patch16_224", "INAT19", "order")
    assert (place.data_path.name, place.output_dir.name, place.num_workers, place.resume) == ("DATA", "OUT", 8, "R.pth")
    assert (recipe.batch_size, recipe.total_batch, recipe.epochs, recipe.warmup_epochs) == (96, 0, 200, 10)
    assert (recipe.lr, recipe.lr_batch, recipe.min_lr, recipe.warmup_lr) == (4e-4, 512, 2e-5, 2e-6)
    assert (recipe.opt_betas, recipe.clip_grad, recipe.drop_path) == ((0.8, 0.99), 2, 0.2)
    assert (recipe.distillation_type, recipe.teacher_path, recipe.finetune) == ("hard", "T.pth", "F.pth")
    assert (recipe.seed, recipe.input_size, recipe.var_loss, recipe.smoothing) == (7, 192, 0.2, 0.2)
    assert recipe.momentum == 0.8
    a = recipe.augmentation
    assert (a.mixup, a.cutmix, a.cutmix_minmax, a.mixup_prob, a.mixup_mode) == (0.5, 0.4, (0.2, 0.8), 0.9, "pair")
    assert (a.aa, a.reprob, a.remode, a.recount, a.repeated_aug, a.use_patch_aug) == (
        "rand-m5", 0.1, "const", 2, True, True,
    )  # fmt: skip
    bare = words.replace("--var_loss 0.2", "--var_loss")
    assert command.main(bare.split()) == 0 and seen["r"] == dataclasses.replace(recipe, var_loss=0.1)
    superseded = (
        "--sched cosine --decay-epochs 30 --dr 0.1 --cooldown-epochs 10 --patience-epochs 10 "
        "--lr-noise-pct 0.6 --lr-noise-std 1 --start_epoch 0 --no-pin-mem --model-ema-force-cpu --world_size 8 "
        "--dist_url env://"
    )
    assert command.main([*words.split(), *superseded.split()]) == 0 and seen["r"] == recipe and seen["p"] == place
    assert command.main(["--local-rank=3", *words.split()]) == 0 and seen["r"] == recipe  # torch.distributed.launch
    assert command.main(["--local_rank=3", "vit_tiny"]) == 0 and seen["n"] == "vit_tiny"
    for model in ("absvit_micro", "vit_micro", "vit_small_patch32_224"):  # not published: the official defaults
        assert command.main(["--model", model]) == 0 and (seen["n"], seen["r"].epochs) == ("absvit_small", 300)
    assert command.main(words.split()) == 0
    dashed = [word.replace("_", "-") if word.startswith("--") else word for word in words.split()]
    assert command.main(dashed) == 0 and seen["r"] == recipe and seen["p"] == place


@pytest.mark.parametrize("model", ["tiny_patch16_224", "small_patch16_224", "base_patch16_224", "tiny_patch8_224_gap"])
@pytest.mark.parametrize("kind", ["vit", "absvit"])
def test_every_published_model_has_the_official_recipe(kind, model):
    recipe = next(recipe for recipe in RECIPES.values() if recipe.model == f"{kind}_{model}" and recipe.epochs == 300)
    assert (recipe.batch_size, recipe.lr, recipe.lr_batch, recipe.warmup_epochs) == (128, 5e-4, 512, 10)
    assert (recipe.min_lr, recipe.warmup_lr, recipe.weight_decay, recipe.clip_grad) == (1e-5, 1e-6, 0.05, None)
    assert (recipe.opt, recipe.opt_eps, recipe.opt_betas) == ("adamw", 1e-8, (0.9, 0.999))
    assert (recipe.drop_path, recipe.smoothing, recipe.var_loss, recipe.model_ema_decay) == (0.1, 0.1, 0.1, 0.99996)
    a = recipe.augmentation
    assert (a.mixup, a.cutmix, a.mixup_switch_prob, a.reprob, a.remode) == (0.8, 1.0, 0.5, 0.25, "pixel")
    assert (a.aa, a.color_jitter, a.train_interpolation, a.repeats) == ("rand-m9-mstd0.5-inc1", 0.4, "bicubic", 3)


LATER = ("lite0_steered", "micro_cnn")  # recipes that release 0.1.0 did not have


def test_all_recipes_decide_what_they_decided_in_release_0_1_0():
    """By the same names, or a training that was begun there could not go on."""
    then = {name: recipe.options for name, recipe in RECIPES.items() if name not in LATER}
    decided = json.dumps(then, sort_keys=True)
    assert hashlib.sha256(decided.encode()).hexdigest().startswith("89c4d45655c26259")


def test_a_recipe_of_a_notebook_can_be_trained(tmp_path):
    """An object in place of a name, of a kind of its own: the base class and a problem are all that it takes."""

    @dataclasses.dataclass(frozen=True)
    class Brief(SceneRecipe):
        def problem(self, data, process):
            problem = super().problem(data, process)
            problem.data = lambda: "two scenes"
            return problem

    recipe = Brief("mine", "two scenes", epochs=1, epoch_images=2, batch_size=2, total_batch=2, warmup_epochs=0)
    recipe = dataclasses.replace(recipe, scenes=dataclasses.replace(recipe.scenes, size=48))
    absvit.training.train(recipe, RunOptions(output_dir=tmp_path), Process(0, 1, torch.device("cpu")))
    card = json.loads((tmp_path / "absvit_micro.json").read_text())
    assert (card["recipe"], card["data"], card["images"]) == ("mine", "two scenes", 2)
    with pytest.raises(ValueError, match="there is no recipe 'micro_qued': did you mean micro_cued"):
        absvit.training.train("micro_qued", RunOptions(output_dir=tmp_path), Process(0, 1, torch.device("cpu")))
