"""Whether a figure can be read: its text is on the page, and overlaps neither text nor pictures."""

import itertools

from matplotlib.image import AxesImage
from matplotlib.text import Text


def boxes(figure, kind):
    """Visible artists of a kind with their places on the page."""
    renderer = figure.canvas.get_renderer()
    artists = figure.findobj(lambda artist: isinstance(artist, kind) and artist.get_visible())
    artists = [artist for artist in artists if kind is not Text or artist.get_text().strip()]
    return [(artist, artist.get_window_extent(renderer)) for artist in artists]


def overlap(a, b, slack=0.5):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack


def check_legible(figure, turned=False):
    """Fail where text leaves the page or overlaps; give the texts. Slanted ones have boxes larger than they are."""
    figure.canvas.draw()  # places the labels of axes
    page, texts = figure.bbox, boxes(figure, Text)
    for text, box in texts:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
    level = [(text, box) for text, box in texts if not turned or text.get_rotation() in (0, 90)]
    for (one, a), (other, b) in itertools.combinations(level + boxes(figure, AxesImage), 2):
        assert not overlap(a, b), (one, other)
    return [text for text, _ in texts]
