"""Hybrid images in the frequency domain: gratings pass or do not, and pictures keep their own band."""

import numpy as np
import pytest

from stimuli.families import hybrid, objects

PARAMETERS = hybrid.Hybrid(objects.Objects(size=(64, 64), radius=(0.3, 0.4)), low=(3.0, 6.0), high=10.0)
GREY = np.full((128, 128, 3), 128, np.uint8)


def grating(cycles, axis, height=100):
    """Sinusoid of so many grey levels, periodic in the image."""
    wave = 128 + height * np.cos(2 * np.pi * cycles * (np.arange(128) + 0.5) / 128)
    plane = np.broadcast_to(wave[:, None] if axis == 0 else wave, (128, 128))
    return np.repeat(np.round(plane)[..., None], 3, axis=2).astype(np.uint8)


def amplitude(image, cycles, axis):
    spectrum = np.abs(np.fft.fft2(image[..., 0].astype(float))) * 2 / 128**2
    return spectrum[cycles, 0] if axis == 0 else spectrum[0, cycles]


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("cycles", [4, 8, 16, 24])
def test_filters_pass_what_a_gaussian_of_the_declared_frequency_passes(cycles, axis):
    low_gain, high_gain = 0.5 ** ((cycles / 8) ** 2), 1 - 0.5 ** ((cycles / 16) ** 2)
    coarse = hybrid.mixed(grating(cycles, axis), GREY, 8.0, 16.0)
    fine = hybrid.mixed(GREY, grating(cycles, axis), 8.0, 16.0)
    assert amplitude(coarse, cycles, axis) == pytest.approx(100 * low_gain, abs=1.5)
    assert amplitude(fine, cycles, axis) == pytest.approx(100 * high_gain, abs=1.5)


def test_both_pictures_are_added():
    picture = hybrid.mixed(grating(4, 0, 50), grating(24, 1, 50), 8.0, 16.0)
    assert amplitude(picture, 4, 0) == pytest.approx(50 * 0.5**0.25, abs=1.5)
    assert amplitude(picture, 24, 1) == pytest.approx(50 * (1 - 0.5**2.25), abs=1.5)
    assert picture.mean() == pytest.approx(128, abs=0.6)


def test_a_set_shows_either_object_in_its_band():
    stimuli = hybrid.draw(PARAMETERS, 24, 0)
    mask, image = stimuli["object_mask"].values, stimuli["image"].values.astype(float)
    classes = stimuli["object_class"].values
    assert (classes[:, 0] != classes[:, 1]).all()
    assert (mask.sum((2, 3)) > 100).all()
    assert np.bincount(classes[:, 0], minlength=12).tolist() == [2] * 12
    again = [
        objects.render(
            PARAMETERS.scene, 0, (hybrid.STREAM << 56) + 2 * np.arange(24) + k, classes[:, k : k + 1].astype(int)
        )
        for k in range(2)
    ]
    bands = {"coarse": [], "fine": []}
    frequency = 64 * np.hypot(np.fft.fftfreq(64)[:, None], np.fft.fftfreq(64))
    for i in range(24):
        spectra = [
            np.fft.fft2(p.astype(float).mean(-1)) for p in (image[i], again[0]["image"][i], again[1]["image"][i])
        ]
        for name, band in (("coarse", (frequency > 0) & (frequency < 2.5)), ("fine", frequency > 18)):
            made, coarse, fine = (s[band] for s in spectra)
            own, other = (coarse, fine) if name == "coarse" else (fine, coarse)
            agree = [np.abs(np.vdot(made, s)) / np.linalg.norm(made) / np.linalg.norm(s) for s in (own, other)]
            bands[name].append(agree[0] > agree[1])
    assert np.mean(bands["coarse"]) > 0.9 and np.mean(bands["fine"]) > 0.9
    assert np.array_equal(mask[:, 0], again[0]["object_mask"][:, 0])
