"""What belongs to none of the other classes: shoes, cartons of several layers, foam, ceramics."""

import numpy as np

from wastelib.demo.items_hard import label
from wastelib.demo.items_organic import Heap
from wastelib.demo.items_sheet import soiled
from wastelib.demo.scene import Item
from wastelib.demo.shapes import (
    blob,
    curve,
    inflated,
    polygon,
    quad,
    shards,
    stroke,
    torn,
)
from wastelib.demo.textures import (
    Rng,
    X,
    Y,
    blend,
    colour,
    creases,
    crumple,
    filled,
    mottled,
    noise,
)


def shoe(rng: Rng) -> Item:
    """A shoe from above: sole, upper, opening, tongue, laces."""
    turn = np.linspace(0, 2 * np.pi, 60)
    width = 0.3 + 0.07 * np.sin(turn) - 0.06 * np.cos(2 * turn)
    lean = 0.07 * np.sin(turn) * rng.choice([-1, 1])  # the left shoe or the right
    outline = np.stack([width * np.cos(turn) * 1.15 + lean, 0.85 * np.sin(turn)], 1)
    sole, upper = polygon(outline), polygon(outline * [0.86, 0.92])
    albedo = filled(colour(rng, (0, 1), (0, 0.3), (0.1, 0.95)))
    albedo = blend(albedo, mottled(rng, colour(rng, (0, 1), (0, 0.7), (0.1, 0.7)), 0.05), upper)
    cap = upper * (rng.uniform(0.45, 0.6) < Y)
    albedo = blend(albedo, filled(colour(rng, (0, 1), (0, 0.5), (0.1, 0.95))), cap)
    opening = np.clip((1 - np.hypot(X / 0.17, (Y + 0.42) / 0.33)) * 12, 0, 1)
    albedo = blend(albedo, filled([0.07, 0.06, 0.06]), opening)
    laces = (np.abs((Y * 11) % 1 - 0.5) < 0.17) * (np.abs(X) < 0.16) * (np.abs(Y - 0.14) < 0.25)
    albedo = blend(albedo, filled(colour(rng, (0, 1), (0, 0.3), (0.5, 1))), laces * 0.9)
    height = inflated(sole, 16) - opening * 10 + laces * 2
    return Item(soiled(rng, albedo, 0.4), sole, height, gloss=0.15, lift=14)


def beverage_carton(rng: Rng) -> Item:
    """A flattened drink carton: printed outside, foil where it is torn."""
    mask = torn(rng, quad(rng, rng.uniform(0.35, 0.6), rng.uniform(0.65, 0.88), 0.08), 4)
    albedo = label(rng, filled([1, 1, 1]), mask)
    torn_part = np.clip(noise(rng, 60, 2) * 3 - rng.uniform(0.5, 2.5), 0, 1)
    albedo = blend(albedo, filled([0.85, 0.86, 0.88]), torn_part)
    return Item(
        soiled(rng, albedo),
        mask,
        creases(rng, 6, 0.3) + crumple(rng, 0.2),
        metal=torn_part * 0.8,
        gloss=0.3,
        lift=7,
    )


def foam(rng: Rng) -> Item:
    """A block of polystyrene or a sponge."""
    mask = torn(rng, quad(rng, rng.uniform(0.4, 0.8), rng.uniform(0.4, 0.75), 0.25), 8)
    tone = (
        colour(rng, (0, 1), (0, 0.05), (0.85, 1))
        if rng.random() < 0.5
        else colour(rng, (0.1, 0.6), (0.3, 0.7), (0.5, 0.9))
    )
    beads = noise(rng, rng.uniform(4, 8), 2)
    albedo = mottled(rng, tone, 0.03, 8) * (1 - 0.25 * (beads > 0.7))[..., None]
    return Item(soiled(rng, albedo, 0.4), mask, inflated(mask, 9) + beads, gloss=0.02, lift=11)


def ceramic(rng: Rng) -> Item:
    """Pieces of a broken plate or tile: glazed, with a decorated edge."""
    mask = np.clip(shards(rng, 6, 0.85), 0, 1)
    glaze = mottled(rng, colour(rng, (0, 1), (0, 0.25), (0.75, 0.98)), 0.02)
    radius = np.hypot(X - 0.6, Y - 0.5)
    for r in rng.uniform(0.3, 1.5, rng.integers(1, 4)):
        glaze = blend(
            glaze,
            filled(colour(rng, (0, 1), (0.4, 0.9), (0.2, 0.7))),
            np.abs(radius - r) < rng.uniform(0.01, 0.06),
        )
    rim = np.clip(mask - np.roll(mask, (4, 3), (0, 1)), 0, 1)
    albedo = blend(glaze, filled([0.75, 0.65, 0.55]), rim)
    return Item(soiled(rng, albedo), mask, inflated(mask, 5) + radius * 14, gloss=0.7, lift=6)


def cables(rng: Rng) -> Item:
    """A tangle of cords, hoses or string."""
    heap = Heap()
    for _ in range(rng.integers(4, 10)):
        line = curve(rng, rng.uniform(-0.5, 0.5, 2), rng.uniform(0, 6.3), rng.uniform(1, 2), 2.5)
        width = rng.uniform(0.015, 0.05)
        mask = stroke(line, width, width)
        heap.add(
            mask,
            colour(rng, (0, 1), (0, 0.9), (0.08, 0.9)),
            inflated(mask, width * 75) + rng.uniform(0, 4),
        )
    return Item(soiled(rng, heap.albedo), heap.alpha, heap.height, gloss=0.35, lift=5)


def nappy(rng: Rng) -> Item:
    """A soft folded pad with a printed band, soiled."""
    mask = torn(rng, blob(rng, rng.uniform(0.55, 0.85), 0.2, rng.uniform(0.6, 0.9)), 3)
    band = np.abs(Y - rng.uniform(-0.4, 0.4)) < 0.12
    albedo = label(
        rng, mottled(rng, colour(rng, (0.08, 0.6), (0, 0.08), (0.8, 0.95)), 0.03), band * mask * 0.8
    )
    folds = noise(rng, 40, 3) * rng.uniform(5, 11) + inflated(mask, 20)
    return Item(soiled(rng, albedo, 0.5), mask, folds, gloss=0.03, lift=10)


MISCELLANEOUS = (shoe, beverage_carton, foam, ceramic, cables, nappy)
