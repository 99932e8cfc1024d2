"""Views: what a network is shown of a photograph."""

import cv2
import numpy as np

# Canny's thresholds on the gradient's length: an edge begins above the second and goes on above
# the first. The values are those of OpenCV's own tutorial.
EDGE_THRESHOLDS = (100, 200)


def view_of(rgb: np.ndarray, view: str) -> np.ndarray:
    """`rgb`, uint8 (height, width, 3), as it is ("colour"), without its colours ("grey"), or
    only its edges, white on black ("edges").

    The result has the same shape and type; three equal channels take the place of the colours,
    so that every network takes every view. Edges are Canny's (Canny 1986, "A Computational
    Approach to Edge Detection"), found after a little blur, as there.
    """
    if view == "colour":
        return rgb
    one = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if view == "edges":
        one = cv2.Canny(cv2.GaussianBlur(one, (3, 3), 0), *EDGE_THRESHOLDS, L2gradient=True)
    elif view != "grey":
        raise ValueError(f"there is no view {view!r}")
    return np.repeat(one[..., None], 3, axis=2)
