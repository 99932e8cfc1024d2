"""A scene: one item on its ground, at times among scraps or partly covered by one; or alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wastelib.demo.scene import WORLD, Item, Light, Pose, ground, photograph, placed, table
from wastelib.demo.textures import Rng

OCCLUDED_SHARE = 0.2
STREWN_SHARE = 0.3


@dataclass(frozen=True)
class Scene:
    """A ground and what lies on it, the lowest first, under one light."""

    slab: np.ndarray
    pieces: list[tuple[Item, Pose]]
    light: Light

    def shot(self, rng: Rng) -> np.ndarray:
        """One photograph (PHOTOGRAPH, PHOTOGRAPH, 3), from about the same place each time."""
        light = self.light.nudged(rng)
        turn, scale = rng.normal(0, 0.16), np.exp(rng.normal(0, 0.05))
        shift = rng.normal(0, 5, 2)
        world = self.slab
        for item, pose in self.pieces:
            world = placed(world, item, pose.moved(turn, scale, shift), light)
        return photograph(world, rng, light)


def arranged(rng: Rng, item: Item, scrap: Callable[[Rng], Item]) -> Scene:
    """`item` in the middle of a ground; `scrap` makes the pieces around and above it."""
    pieces = []
    if rng.random() < STREWN_SHARE:
        for _ in range(rng.integers(1, 4)):
            pose = beside(rng, np.full(2, WORLD / 2), (66, 96), (0.2, 0.4))
            pieces.append((scrap(rng), pose))
    middle = WORLD / 2 + rng.normal(0, 5, 2)
    pose = Pose(*middle, rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.2))
    pieces.append((item, pose))
    if rng.random() < OCCLUDED_SHARE:
        pieces.append((scrap(rng), beside(rng, middle, (40, 75), (0.22, 0.38))))
    return Scene(ground(rng), pieces, Light.drawn(rng))


def alone(rng: Rng, item: Item) -> Scene:
    """`item` on a clean table, nothing beside it: a photograph for a catalogue."""
    pose = Pose(WORLD / 2, WORLD / 2, rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.2))
    return Scene(table(rng), [(item, pose)], Light.drawn(rng))


def beside(rng: Rng, point: np.ndarray, distance: tuple, scale: tuple) -> Pose:
    """A pose in any direction from `point`; distance in world pixels, scale a factor."""
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(*distance)
    x, y = point + far * np.array([np.cos(angle), np.sin(angle)])
    return Pose(x, y, rng.uniform(0, 2 * np.pi), rng.uniform(*scale))
