"""The public pages: what stands on them, that naming them loads nothing heavy, and that timm knows our models."""

import importlib
import os
import pickle
import subprocess
import sys

import pytest
import timm

import absvit

PAGES = {
    "absvit": [
        "AbSViT", "Trajectory", "create_model", "follow", "images", "list_models", "load_model", "maps",
        "mechanisms", "networks", "perceive", "priors", "records", "steerable_from", "topdown_from",
    ],
    "absvit.training": ["Problem", "RECIPES", "Recipe", "RunOptions", "train"],
}  # fmt: skip
HEAVY = ("torch", "timm", "torchvision", "matplotlib", "seaborn")
LIGHT = [
    "absvit", "absvit.distributed", "absvit.mechanisms", "absvit.networks", "absvit.records", "absvit.models",
    "absvit.models.__main__", "absvit.models.kind_sets", "absvit.models.zoo.published", "absvit.training.recipe",
    "absvit.robustness.__main__",
    "experiments.statistics", "experiments.measures", "experiments.trials", "experiments.trials.recoveries",
    "experiments.figures", "experiments.figures.figure",
    "experiments.commands.figure", "experiments.commands.probe", "experiments.commands.records",
    "experiments.commands.collect", "experiments.commands.pack", "experiments.commands.serve",
    "experiments.commands.study",
    "experiments.commands.take_part", "experiments.probes.spatial_prior.task", "experiments.studies.task_check",
    "experiments.exchange.measured_card", "experiments.linking", "experiments.linking.link_fit",
    "experiments.people", "experiments.people.reading",
    "experiments.commands.people", "experiments.trials.item_effects",
]  # fmt: skip


PROGRAMS = ["absvit", *(f"absvit.{name}" for name in (
    "models", "training", "segmentation", "robustness", "benchmark", "convert", "cifar10", "launch",
))]  # fmt: skip


def python(*words):
    """What a fresh Python says; its errors are this test's."""
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_what_it_names(page):
    module = importlib.import_module(page)
    assert dir(module) == sorted(module.__all__) == PAGES[page]
    assert all(getattr(module, name) is not None for name in dir(module))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        module.nothing_of_that_name  # noqa: B018


def test_priors_can_be_imported_from_their_page():
    from absvit.models import priors
    from absvit.priors import ClassPrior

    assert ClassPrior is absvit.priors.ClassPrior is priors.ClassPrior
    assert set(absvit.priors.__all__) - {"TextPrior", "instruction"} <= set(priors.__all__)


def test_naming_things_loads_nothing_heavy():
    script = "import importlib, sys\nfor name in sys.argv[1].split():\n    importlib.import_module(name)\n    "
    script += f"print(name, *(heavy for heavy in {HEAVY} if heavy in sys.modules))"
    assert python("-c", script, " ".join(LIGHT)).split() == LIGHT


@pytest.mark.parametrize("words", [*PROGRAMS, "experiments search"])
def test_the_help_of_a_program_loads_nothing_heavy(words):
    module, *words = words.split()
    script = f"import atexit, runpy, sys\nsys.argv = {['', *words, '--help']}\n"
    script += "atexit.register(lambda: print('', *sys.modules))\n"
    script += f"runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    loaded = python("-c", script).split()
    assert "absvit" in loaded and set(HEAVY).isdisjoint(loaded)


# ---- timm knows our models whatever is imported first: each scene in a process forked before both are loaded ---------

KNOWN = "assert timm.create_model('absvit_micro').prompt is not None and timm.is_model('vit_micro')"
SCENES = {
    "timm first": f"import timm, absvit\n{KNOWN}",
    "absvit first": f"import absvit\nfrom timm import create_model\nimport timm\n{KNOWN}",
    "only looked for": f"import absvit, importlib.util\nassert importlib.util.find_spec('timm')\nimport timm\n{KNOWN}",
    "reloaded": "import importlib, absvit\nimportlib.reload(absvit)\nimport timm\n"
    f"importlib.reload(timm)\nimportlib.reload(absvit)\n{KNOWN}\nassert timm.__spec__.loader.exec_module.__self__",
    "once only": "import sys, absvit, importlib\nbefore = len(sys.meta_path)\nimportlib.reload(absvit)\n"
    f"assert len(sys.meta_path) == before\nimport timm\nassert len(sys.meta_path) == before - 1\n{KNOWN}",
    "in threads": "import absvit\nfrom concurrent.futures import ThreadPoolExecutor\n"
    "def known(name):\n    import timm, importlib\n    importlib.import_module(name)\n"
    "    return timm.is_model('absvit_micro')\n"
    "names = ['absvit.models.absvit', 'timm.layers', 'absvit.images', 'absvit.models.perceive']\n"
    f"assert all(ThreadPoolExecutor(4).map(known, names))\nimport timm\n{KNOWN}",
    **{
        name: f"import {name}, timm\n{KNOWN}"
        for name in (
            "absvit.images", "absvit.models.absvit", "absvit.models.perceive", "absvit.models.zoo.stem",
            "absvit.models.zoo.variants",
        )
    },
    "unpickled": "import pickle\nmodel = pickle.load(open('model.pkl', 'rb'))\nimport timm\n"
    "assert type(model).__name__ == 'AbSViT' and timm.is_model('absvit_micro')",
}  # fmt: skip
IN_A_FORK = """
import os, sys, traceback
import huggingface_hub.hf_api, safetensors.torch, torch, torchvision  # all that takes long of what timm loads
torch.set_num_threads(1)
assert {"timm", "absvit"}.isdisjoint(sys.modules)
for scene in sys.stdin.read().split("\\0"):
    if not (child := os.fork()):
        try:
            exec(scene, {})
        except BaseException:
            print(scene, file=sys.stderr)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_timm_knows_our_models_whatever_comes_first_and_they_are_unpickled(tmp_path):
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(timm.create_model("absvit_micro")))
    given = {"input": "\0".join(SCENES.values()), "capture_output": True, "text": True, "cwd": tmp_path}
    done = subprocess.run([sys.executable, "-c", IN_A_FORK], **given)
    assert done.returncode == 0, done.stderr
