"""What the images of a cued training are, read off a batch."""

import numpy as np
from scipy import stats

SHARES, CAUGHT = (0.3, 0.15, 0.25, 0.1, 0.2), 0.4  # single, several, class cue, place cue, absent cue; caught singles


def kinds(batch):
    """What each image is: the five shares, and singles with an absent class cued."""
    found = []
    for shown, cue, place in zip(batch["shown"], batch["cue_class"], batch["cue_place"], strict=True):
        one = (shown > 0).sum() == 1
        if (place >= 0).any():
            found.append("place cue")
        elif cue < 0:
            found.append("single" if one else "several")
        elif shown[cue]:
            found.append("class cue")
        else:
            found.append("caught single" if one else "absent cue")
    return np.array(found)


def assert_declared(batch):
    """That kinds occur as often as the shares say."""
    found, (single, *others) = kinds(batch), SHARES
    names = ["single", "caught single", "several", "class cue", "place cue", "absent cue"]
    expected = len(found) * np.array([single * (1 - CAUGHT), single * CAUGHT, *others])
    assert stats.chisquare([(found == name).sum() for name in names], expected).pvalue > 0.01
