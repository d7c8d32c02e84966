"""Who may import whom, read off the syntax trees, so that the table stays true."""

import ast
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("absvit", "experiments", "notebooks", "stimuli")

# Own modules that a module may import: modules, or packages with all that they hold. The longest matching row counts; a
# star stands for one probe. `absvit.__init__` is the public page, what `import absvit` gives.
SHOWN = ("stimuli.drawing", "stimuli.families", "stimuli.foundation", "stimuli.pictures", "stimuli.sets")
GROUND = ("absvit.data", "absvit.distributed", "absvit.images", "absvit.records", "stimuli")
MODELS = (*GROUND, "absvit.__init__", "absvit.models", "absvit.priors")
SEEN = (
    "experiments.assemble", "experiments.columns", "experiments.cues", "experiments.observers", "experiments.probe",
    "experiments.probes.__init__", "experiments.show",
)  # fmt: skip
READ = ("experiments.measures", "experiments.statistics")
TOLD = ("experiments.columns", "experiments.probe", "experiments.probes.__init__", "experiments.table")
TRIED = ("experiments.statistics", "experiments.trials", "stimuli.foundation")
ANSWERED = (
    "experiments.people", "experiments.people_score", "experiments.probe", "experiments.probes.__init__",
    "experiments.studies",
)  # fmt: skip
MAY_IMPORT = {
    "stimuli": ("stimuli",),
    "stimuli.foundation": ("stimuli.foundation",),
    "stimuli.sets": ("stimuli.foundation", "stimuli.sets"),
    "stimuli.designs": ("stimuli.designs", "stimuli.foundation", "stimuli.sets"),
    "stimuli.drawing": ("stimuli.drawing", "stimuli.foundation"),
    "stimuli.pictures": ("stimuli.drawing", "stimuli.foundation", "stimuli.sets", "stimuli.pictures"),
    "stimuli.families": SHOWN,
    "stimuli.corruptions": (*(set(SHOWN) - {"stimuli.families"}), "stimuli.corruptions"),
    "absvit.images": ("stimuli.drawing", "stimuli.foundation", "stimuli.pictures"),
    "absvit.data": ("absvit.data", "absvit.images", "stimuli"),
    "absvit.allocation": (),
    "absvit.distributed": ("absvit.allocation",),
    "absvit.records": ("absvit.distributed", "absvit.records", "stimuli.foundation"),
    "absvit.models": ("absvit.images", "absvit.models", "absvit.records.vocabulary", "stimuli.foundation"),
    "absvit.mechanisms": (*MODELS, "absvit.mechanisms", "absvit.networks"),
    "absvit.neighbours": (),
    "absvit.__init__": ("absvit.neighbours", "absvit.registration"),
    "absvit.registration": (),
    "absvit.priors": ("absvit.models", "absvit.words"),
    "absvit.words": ("absvit.closed_form.host_embed", "absvit.models", "absvit.words", "stimuli.foundation"),
    "absvit.__main__": ("absvit.neighbours", "stimuli.foundation"),
    "absvit.convert": ("absvit.models", "stimuli.foundation"),
    "absvit.cifar10": ("absvit.data", "stimuli.foundation"),
    "absvit.launch": ("absvit.distributed", "stimuli.foundation"),
    "absvit.networks": (*MODELS, "absvit.networks"),
    "absvit.dimensions": (*MODELS, "absvit.dimensions", "absvit.mechanisms", "absvit.networks"),
    "absvit.closed_form": (*MODELS, "absvit.closed_form", "absvit.networks"),
    "absvit.robustness": (*MODELS, "absvit.networks", "absvit.robustness"),
    "absvit.training": (*MODELS, "absvit.robustness", "absvit.training"),
    "absvit.segmentation": (*MODELS, "absvit.segmentation", "absvit.training"),
    "absvit.benchmark": (
        *MODELS, "absvit.benchmark", "absvit.closed_form", "absvit.mechanisms", "absvit.networks",
        "absvit.segmentation", "absvit.training", "absvit.words",
    ),
    "experiments": (*MODELS, "absvit.dimensions", "absvit.mechanisms.__init__", "experiments"),
    "experiments.__init__": (),
    "experiments.commands": (*MODELS, "absvit.robustness", "experiments"),
    "experiments.statistics": ("absvit.records", "experiments.statistics"),
    "experiments.measures": ("absvit.records", *READ),
    "experiments.exchange": (
        "absvit.models", "absvit.records", "experiments.exchange", "experiments.trials", "stimuli.foundation", *READ,
    ),
    "experiments.observers": (
        *MODELS, "absvit.mechanisms", "absvit.networks", "absvit.words", "experiments.observers",
    ),
    "experiments.columns": ("experiments.probes.__init__",),
    "experiments.probe": (
        "absvit.__init__", "absvit.models", "experiments.observers", "experiments.probes.__init__",
        "experiments.studies.task", "stimuli.foundation",
    ),
    "experiments.studies.take": (
        *MODELS, *SEEN, "experiments.classes", "experiments.studies", "experiments.trials",
    ),
    "experiments.studies.task": ("experiments.probe", "stimuli.foundation"),
    "experiments.probes.*.dynamics": (),
    "experiments.probes.*.probe": (*MODELS, *SEEN, "experiments.probes.*.dynamics"),
    "experiments.probes.instruction.probe": (
        *MODELS, *SEEN, "absvit.words", "experiments.probes.instruction.sentences",
    ),
    "experiments.probes.instruction.sentences": (*MODELS, *SEEN, "absvit.words"),
    "experiments.probes.*.show": (*MODELS, *SEEN, "experiments.probes.*.dynamics", "experiments.probes.*.probe"),
    "experiments.probes.*.summary": (*READ, "experiments.probes.*.dynamics", "experiments.table"),
    "experiments.probes.*.task": (*MODELS, *SEEN, "experiments.studies.read_out", "experiments.studies.task"),
    "experiments.probes.*": ("experiments.figures", "experiments.probes", "stimuli.foundation", *READ),
    "experiments.table": (*READ, *TOLD),
    "experiments.trials": ("absvit.records", "experiments.statistics", "experiments.trials", "stimuli.foundation"),
    "experiments.people": (
        "absvit.records", "experiments.people", "experiments.statistics", "experiments.trials", "stimuli.foundation",
    ),
    "experiments.people_score": ("experiments.people", "experiments.people_score", *TRIED),
    "experiments.people_score.all_sources": (*ANSWERED, "experiments.observers"),
    "experiments.people_score.alternating": (
        *ANSWERED, *READ, "experiments.experiment", "experiments.observers", "experiments.probes.alternation",
        "experiments.table",
    ),
    "experiments.people_score.alternation_fit": (*READ, "experiments.probes.alternation.dynamics"),
    "experiments.people_score.answering": (
        *ANSWERED, "experiments.classes", "experiments.observers", "stimuli.designs",
    ),
    "experiments.people_score.check": ANSWERED,
    "experiments.people_score.scoring": (
        "experiments.linking.__init__", "experiments.people", "experiments.people_score", *TRIED,
    ),
    "experiments.people_score.timed_answers": ("experiments.linking", "experiments.people", *TRIED),
    "experiments.people_score.report": (
        *ANSWERED, "experiments.figures", "experiments.linking.__init__", "experiments.observers", *TRIED,
    ),
    "experiments.people_score.picture_shares": (
        "absvit.images", "absvit.models", "experiments.observers", "stimuli.foundation", "stimuli.pictures",
    ),
    "experiments.people_score.*figure": ("experiments.figures", "experiments.people_score", *READ),
    "experiments.people_score.task_figure": (
        "experiments.figures", "experiments.people", "experiments.people_score", *TRIED,
    ),
    "experiments.linking": (
        "absvit.records", "experiments.exchange", "experiments.linking", "experiments.trials",
        "stimuli.foundation", *READ,
    ),
    "experiments.studies": (*MODELS, *SEEN, "experiments.statistics", "experiments.studies", "experiments.trials"),
    "notebooks.__init__": ("absvit.neighbours",),
    "experiments.figures": (
        "absvit.__init__", "absvit.records", "experiments.figures", "experiments.probe", "experiments.probes",
        "experiments.trials", "stimuli.foundation", "stimuli.sets", *READ,
    ),
    "notebooks": (*MODELS, "absvit.mechanisms.__init__", "absvit.networks", "experiments", "notebooks"),
    "notebooks.book.file_formats": (
        "absvit.models", "absvit.records", "absvit.training.contents", "experiments", "notebooks", "stimuli",
    ),
}  # fmt: skip

# Within absvit.models each module imports only those before it.
MODELS_ORDER = (
    "attention", "feedback", "absvit", "class_names", "kind_sets", "kind_words", "priors", "class_activation",
    "requests", "recording", "block_passes", "vit_pass", "trajectory", "perceive", "maps", "course", "lifting",
    "checkpoints", "zoo", "__init__", "__main__",
)  # fmt: skip

OF_MODELS = "experiments.observers.models"
DRAWN = (
    "experiments.figures", "experiments.probes.*", "experiments.live.*_figure", "experiments.people_score.*figure",
    "experiments.people_score.report", "absvit.segmentation.overlays",
)  # fmt: skip
# Third-party modules, and the only own modules that may import them.
ONLY_IN = {
    "wand": ("stimuli",),
    "skimage": ("stimuli",),
    "torchvision": (
        "absvit.images", "absvit.data.datasets", "absvit.networks.libraries", "absvit.segmentation.datasets",
        "absvit.segmentation.transforms",
    ),
    "segmentation_models_pytorch": ("absvit.segmentation.heads",),
    "zarr": ("absvit.records",),
    "timm.models": ("absvit.closed_form", "absvit.models", "absvit.networks"),
    "ipywidgets": ("notebooks.explorers",),
    "matplotlib": DRAWN,
    "pyddm": ("experiments.linking.pyddm_solver",),
    "seaborn": DRAWN,
}  # fmt: skip
COMPUTED = ("experiments.probes.*.probe", "experiments.probes.*.summary")
NOT_IN = {"torch": ("stimuli",), "timm": ("stimuli",), "matplotlib": COMPUTED, "seaborn": COMPUTED}


def sources() -> dict[str, str]:
    """Source text of every own module by its dotted file name, `absvit.__init__` for a package's own file."""
    files = (file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return {".".join(file.relative_to(ROOT).with_suffix("").parts): file.read_text("utf8") for file in sorted(files)}


def within(module: str, names) -> bool:
    """Whether a module is one of these, or lies in one of these packages."""
    return any(fnmatchcase(module, name) or fnmatchcase(module, f"{name}.*") for name in names)


@cache
def imported_names(module: str, source: str) -> set[str]:
    """Everything that a module imports anywhere, absolute: `package.module.name` of what it takes."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")[: -node.level] if node.level else []
            start = ".".join([*parents, *([node.module] if node.module else [])])
            names |= {f"{start}.{alias.name}" for alias in node.names}
    return names


def own_imports(module: str, source: str, modules) -> set[str]:
    """The own modules that a module imports, as file names."""
    found = set()
    for name in imported_names(module, source):
        if name.split(".")[0] in PACKAGES:
            while not (name in modules or f"{name}.__init__" in modules) and "." in name:
                name = name.rpartition(".")[0]  # from module import function: the function is not a file
            found.add(name if name in modules else f"{name}.__init__")
    return found


def allowed(module: str) -> tuple[str, ...]:
    """What a module may import of our own, by the longest matching row of the table."""
    rows = [row for row in MAY_IMPORT if within(module, [row])]
    assert rows, f"{module} stands in no row of MAY_IMPORT: add it to the layering, here and in the README"
    return MAY_IMPORT[max(rows, key=lambda row: (row.count("."), len(row)))]


def before(target: str, module: str) -> bool:
    """Whether one module of absvit.models comes before another, or lies in the same package."""
    places = [name.split(".")[2] for name in (target, module)]
    return set(places) <= set(MODELS_ORDER) and MODELS_ORDER.index(places[0]) <= MODELS_ORDER.index(places[1])


def own_violations(module: str, source: str, modules) -> list[str]:
    """Own imports that the table forbids."""
    found = []
    for target in sorted(own_imports(module, source, modules) - {module}):
        if not within(target, allowed(module)):
            found.append(f"{module} may not import {target}")
        elif within(module, ["absvit.models"]) and within(target, ["absvit.models"]) and not before(target, module):
            found.append(f"{module} may not import {target}, which does not come before it")
    return found


def third_party_violations(module: str, source: str) -> list[str]:
    """Third-party imports that belong to other modules."""
    names = {"timm.models" if name == "timm" else name for name in imported_names(module, source)}
    names = {f"timm.models.{name[5:]}" if name.startswith("timm.create_") else name for name in names}
    found = [(name, owner) for name in sorted(names) for owner in ONLY_IN if within(name, [owner])]
    found = [(name, owner) for name, owner in found if not within(module, ONLY_IN[owner])]
    banned = [name for name in sorted(names) for key in NOT_IN if within(name, [key]) and within(module, NOT_IN[key])]
    return [f"{module} may not import {name}: only {', '.join(ONLY_IN[owner])}" for name, owner in found] + [
        f"{module} may not import {name}" for name in banned
    ]


def test_imports_follow_the_table():
    modules = sources()
    own = [fault for module, source in modules.items() for fault in own_violations(module, source, modules)]
    theirs = [fault for module, source in modules.items() for fault in third_party_violations(module, source)]
    assert own + theirs == []


def test_every_module_of_the_models_has_its_place_in_the_order():
    present = {name.split(".")[2] for name in sources() if name.startswith("absvit.models.")}
    assert present <= set(MODELS_ORDER)


KNOWN = (
    "absvit.__init__", "absvit.images", "absvit.data.datasets", "absvit.records", "absvit.training.pictures.views",
    "absvit.models.__init__", "absvit.models.attention", "absvit.models.zoo", "absvit.training.loop",
    "absvit.training.__init__",
    "experiments.__main__", "experiments.probes.bistable.probe", "experiments.probes.search.probe",
    "experiments.figures",
    "experiments.measures", "stimuli.__init__", "stimuli.families.objects", "notebooks.explorers",
)  # fmt: skip


FORBIDDEN = """
absvit.models.attention: from absvit.models import zoo
absvit.models.attention: from . import zoo
absvit.models.attention: from absvit.models import AbSViT
absvit.models.zoo: if lazily: from absvit.records import write
absvit.models.zoo: import absvit.training.loop
absvit.records: import absvit
absvit.data.datasets: from absvit.training.pictures.views import Views
absvit.training.loop: from experiments import bistable
experiments.probes.bistable.probe: from experiments import search
experiments.probes.bistable.probe: from .measures import selection_index
experiments.probes.bistable.probe: import experiments.figures as figures
experiments.probes.bistable.probe: from absvit.training import loop
experiments.figures: from absvit.models.zoo import load_model
stimuli.families.objects: import absvit
stimuli.families.objects: from notebooks.explorers import show
absvit.images: from wand.image import Image
absvit.images: import skimage.filters
stimuli.families.objects: import torch.nn
absvit.training.loop: from torchvision import datasets
absvit.data.archives: import torchvision
absvit.segmentation.problem: from torchvision.transforms import v2
absvit.segmentation.segmenter: import segmentation_models_pytorch
experiments.probes.bistable.probe: if lazily: import zarr
absvit.training.loop: import timm
absvit.training.loop: from timm import create_model
experiments.probes.bistable.probe: from timm.models.vision_transformer import Block
experiments.figures: import ipywidgets as widgets
experiments.measures: from matplotlib import pyplot
notebooks.explorers: import seaborn
""".strip().splitlines()
ALLOWED = """
absvit.models.zoo: from absvit.models.attention import TopDownAttention
absvit.models.zoo: from . import attention
absvit.models.zoo: import timm
absvit.training.loop: from absvit.models import AbSViT
absvit.training.loop: import stimuli.families.objects, absvit.records, torch
absvit.training.loop: from timm.optim import create_optimizer_v2
absvit.training.loop: from timm.data import Mixup
experiments.probes.bistable.probe: from absvit import priors
experiments.probes.bistable.probe: from stimuli.families import objects
experiments.probes.bistable.probe: import numpy
experiments.__main__: from experiments import bistable, figures, measures
experiments.figures: import seaborn
experiments.figures: import matplotlib.pyplot as plt
notebooks.explorers: from experiments.figures import signature
notebooks.explorers: import ipywidgets, absvit
stimuli.families.objects: import wand.image
stimuli.families.objects: from skimage import filters
""".strip().splitlines()


@pytest.mark.parametrize(("line", "count"), [*((line, 1) for line in FORBIDDEN), *((line, 0) for line in ALLOWED)])
def test_a_forbidden_import_is_noticed_and_an_allowed_one_passes(line, count):
    module, _, source = line.partition(": ")
    assert len(own_violations(module, source, KNOWN) + third_party_violations(module, source)) == count


def test_probes_know_observers_by_their_contract_alone():
    """Only what makes observers of models looks into these."""
    others = {m: text for m, text in sources().items() if within(m, ["experiments"]) and not within(m, [OF_MODELS])}
    parts = re.compile(r"patch_embed|pretrained_cfg|isinstance\([^)]*AbSViT")
    assert [module for module, text in others.items() if parts.search(text)] == []


def test_a_module_outside_the_table_is_noticed():
    with pytest.raises(AssertionError, match="no row of MAY_IMPORT"):
        allowed("absvit.elsewhere")
