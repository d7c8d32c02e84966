"""Loading of pictures in batches by worker processes, whose failures are one line each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import torch
from torch.utils.data import DataLoader, Dataset

__all__ = ["Loading", "loading"]


class Loading(DataLoader):
    """torch's loader, whose failures are one line each."""

    def __iter__(self) -> Iterator:
        """Yield the batches; a worker process that has died is a ChildProcessError."""
        try:
            yield from super().__iter__()
        except (ValueError, OSError) as error:
            if not str(error).startswith("Caught "):
                raise
            last = str(error).strip().splitlines()[-1]  # a worker's error carries its whole traceback as text
            kind = OSError if isinstance(error, OSError) else ValueError
            raise kind(re.sub(r"^[\w.]+: ", "", last)) from error
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            first = str(error).strip().splitlines()[0]
            raise ChildProcessError(
                f"{first} (often for lack of memory): use fewer workers or smaller batches"
            ) from error


def loading(dataset: Dataset, collate: Callable, num_workers: int = 0, pin_memory: bool = False, **order) -> Loading:
    """Load what a data set gives, without drawing from the global random generators.

    ``collate`` makes a batch of a list of its items; ``order`` is sampler and batch_size, or batch_sampler,
    as torch's loader takes them. Without workers pictures are prepared in this process; ``pin_memory`` is for
    a GPU.
    """
    workers = {"persistent_workers": True, "prefetch_factor": 2} if num_workers else {}
    own = torch.Generator().manual_seed(0)  # or torch would draw the workers' seeds from the global generator
    return Loading(
        dataset, num_workers=num_workers, pin_memory=pin_memory, collate_fn=collate, generator=own, **order, **workers
    )
