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
        """Yield the batches.

        Raises
        ------
        ValueError, OSError : a picture cannot be prepared.
        ChildProcessError : a worker process has died.
        """
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

    Parameters
    ----------
    dataset : gives one picture by its key.
    collate : function of a list of what it gives that gives a batch.
    num_workers : processes that prepare pictures; 0 prepares them in this one.
    pin_memory : put batches into page-locked memory, for a GPU.
    **order : sampler and batch_size, or batch_sampler, as torch's loader takes them.
    """
    workers = {"persistent_workers": True, "prefetch_factor": 2} if num_workers else {}
    own = torch.Generator().manual_seed(0)  # or torch would draw the workers' seeds from the global generator
    return Loading(
        dataset, num_workers=num_workers, pin_memory=pin_memory, collate_fn=collate, generator=own, **order, **workers
    )
