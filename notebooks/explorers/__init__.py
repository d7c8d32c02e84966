"""Explorers: widgets in front of the functions that batch jobs call; the only ipywidgets code."""

from notebooks.explorers.attention import AttentionExplorer
from notebooks.explorers.beside_people import PeopleExplorer
from notebooks.explorers.bistable import BistableExplorer
from notebooks.explorers.dynamics import DynamicsExplorer
from notebooks.explorers.records import RecordExplorer
from notebooks.explorers.robustness import RobustnessExplorer
from notebooks.explorers.telling import MechanismExplorer

__all__ = [
    "AttentionExplorer",
    "BistableExplorer",
    "DynamicsExplorer",
    "MechanismExplorer",
    "PeopleExplorer",
    "RecordExplorer",
    "RobustnessExplorer",
]
