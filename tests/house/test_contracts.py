"""What probes, families, figures and observers promise, tried on each that there is."""

import pytest
import synthetic_figures

from experiments.figures import FIGURES, check_figure


def test_every_figure_is_tried():
    assert set(synthetic_figures.RECORDS) == set(FIGURES)


@pytest.mark.parametrize("name", synthetic_figures.RECORDS)
def test_figures_keep_their_promises(name):
    check_figure(name, synthetic_figures.RECORDS[name](), **synthetic_figures.few(name))
