"""Linking functions: from what an observer computes to response times, fitted to some of people's conditions.

``link.py`` is the contract, each link a file of its own; ``fit`` finds the parameters on conditions that are
named in advance and says how far the others are missed; ``with_rt`` puts response times into an observer's
trial table. Without a link an effect stays in the unit of what was measured: ``margin_effect``.
"""

import lazy_loader

from stimuli.foundation.registry import Registry

__all__ = [
    "LINKS", "Fitted", "Link", "check_link", "evidence_of", "fit", "load_fitted", "margin_effect",
    "recovered", "rt_density", "rt_quantiles", "trials_of_passes", "with_rt",
]  # fmt: skip

LINKS: Registry = Registry("experiments.linking.link:Link", "absvit.links", ("experiments.linking",))

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "check": ["check_link"],
        "evidence": ["evidence_of", "trials_of_passes"],
        "fitted_link": ["Fitted", "load_fitted", "with_rt"],
        "link": ["Link"],
        "link_fit": ["fit"],
        "link_recovery": ["recovered"],
        "own_units": ["margin_effect"],
        "rt_distributions": ["rt_density", "rt_quantiles"],
    },
)
