"""Every program of ours, as a function of its words that gives an exit code."""

from absvit import cifar10, convert, launch
from absvit.__main__ import main as absvit
from absvit.benchmark.__main__ import main as benchmark
from absvit.models import __main__ as models
from absvit.robustness.__main__ import main as robustness
from absvit.segmentation.__main__ import main as segmentation
from absvit.training.__main__ import main as training
from experiments.__main__ import main as experiments
from stimuli.__main__ import main as stimuli
from stimuli.foundation import command_line


def alone(command):
    """A program of one command."""
    return lambda words: command_line.run(command, "program", words)


PROGRAMS = {
    "absvit": absvit, "models": alone(models.main), "convert": alone(convert.main), "cifar10": alone(cifar10.main),
    "benchmark": benchmark, "training": training, "robustness": robustness, "segmentation": segmentation,
    "experiments": experiments, "stimuli": stimuli, "launch": launch.main,
}  # fmt: skip
