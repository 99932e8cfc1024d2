"""Outlines of things, as masks in item space, and the roundness that goes with them.

A mask is a (SIZE, SIZE) float32 array, 0 outside and 1 inside, soft over one pixel at the
edge. Points are in the coordinates -1..1 of `textures.X` and `textures.Y`.
"""

import cv2
import numpy as np

from wastelib.demo.textures import SIZE, Rng, X, Y, noise


def polygon(points: np.ndarray) -> np.ndarray:
    """The mask of one closed polygon with corners (n, 2)."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    pixels = (np.asarray(points) + 1) * (SIZE - 1) / 2 * 16
    cv2.fillPoly(mask, [np.round(pixels).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return mask.astype(np.float32) / 255


def blob(rng: Rng, radius: float, rough: float, stretch: float = 1.0) -> np.ndarray:
    """A closed wavy outline around the centre; `rough` 0 gives an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    r = np.ones_like(angle)
    for wave in range(2, 9):
        r += rough * rng.normal() / wave * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    r = radius * np.clip(r, 0.35, 1.3)
    return polygon(np.stack([r * np.cos(angle), r * np.sin(angle) * stretch], axis=1))


def quad(rng: Rng, width: float, height: float, skew: float) -> np.ndarray:
    """A rectangle of half sides `width` and `height` whose corners moved by up to `skew`."""
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
    return polygon(corners + rng.uniform(-skew, skew, (4, 2)))


def rounded(width: float, height: float, corner: float) -> np.ndarray:
    """A rectangle of half sides `width` and `height` with rounded corners."""
    dx = np.maximum(np.abs(X) - (width - corner), 0)
    dy = np.maximum(np.abs(Y) - (height - corner), 0)
    return np.clip((corner - np.hypot(dx, dy)) * SIZE / 2 + 0.5, 0, 1)


def ring(inner: float, outer: float, centre: tuple = (0, 0)) -> np.ndarray:
    """A ring around `centre`; a disc if `inner` is negative."""
    r = np.hypot(X - centre[0], Y - centre[1])
    soft = SIZE / 2
    return np.clip((outer - r) * soft + 0.5, 0, 1) * np.clip((r - inner) * soft + 0.5, 0, 1)


def torn(rng: Rng, mask: np.ndarray, ragged: float) -> np.ndarray:
    """`mask` with a ragged edge, `ragged` pixels deep."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(inside + (noise(rng, 14, 3) - 0.8) * ragged, 0, 1) * (mask > 0.5)


def shards(rng: Rng, count: int, radius: float) -> np.ndarray:
    """One broken piece: the convex hull of `count` random points."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, count))
    r = radius * rng.uniform(0.6, 1, count)
    points = np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1).astype(np.float32)
    return polygon(cv2.convexHull(points)[:, 0])


def bottle(rng: Rng, body: float, neck: float, shoulder: float) -> np.ndarray:
    """A bottle seen from the side, neck upwards: half widths, and where the shoulder starts."""
    y = np.linspace(-0.92, 0.92, 80)
    rise = np.clip((y - shoulder + 0.3) / 0.42, 0, 1)
    half = neck + (body - neck) * rise**2 * (3 - 2 * rise)
    half *= np.where(y > 0.86, 0.93, 1) * (1 + rng.uniform(0, 0.03) * np.sin(y * 12))
    outline = np.concatenate([np.stack([half, y], 1), np.stack([-half, y], 1)[::-1]])
    return polygon(outline)


def stroke(points: np.ndarray, start: float, end: float) -> np.ndarray:
    """A bent strip along `points` (n, 2), its half width going from `start` to `end`."""
    points = np.asarray(points, float)
    ahead = np.gradient(points, axis=0)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    half = np.linspace(start, end, len(points))[:, None]
    return polygon(np.concatenate([points + normal * half, (points - normal * half)[::-1]]))


def curve(rng: Rng, start: tuple, angle: float, length: float, bend: float) -> np.ndarray:
    """24 points along a line that leaves `start` at `angle` and wanders by `bend` radians."""
    headings = (
        angle + np.cumsum(rng.normal(0, bend / 8, 24)) + np.linspace(0, rng.normal() * bend, 24)
    )
    steps = np.stack([np.cos(headings), np.sin(headings)], 1) * length / 24
    return np.asarray(start) + np.cumsum(steps, axis=0)


def inflated(mask: np.ndarray, radius: float) -> np.ndarray:
    """Height in pixels of a body whose edge is rounded off over `radius` pixels."""
    inside = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    inward = 1 - np.clip(inside / radius, 0, 1)
    return cv2.GaussianBlur(np.sqrt(1 - inward**2) * np.float32(radius), (0, 0), 1.2)


def cylinder(half_width: float) -> np.ndarray:
    """Height in pixels of a lying cylinder, its axis along y."""
    across = np.clip(X / half_width, -1, 1)
    return (np.sqrt(1 - across**2) * half_width * SIZE / 2).astype(np.float32)
