"""From an item to a photograph: ground, light, shadow, glass, camera, sensor.

The ground is a dirty slab seen from above, as in RealWaste. World space is WORLD pixels
square; the camera looks at about its middle two thirds. All images are RGB float32, 0..1.
"""

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from wastelib.demo.textures import SIZE, Rng, colour, noise, warp

WORLD = 212
PHOTOGRAPH = 128
BELT_SHARE = 0.2  # of photographs taken on the belt, not on the slab


@dataclass
class Item:
    """What lies on the ground. Arrays are (SIZE, SIZE), or (SIZE, SIZE, 3) for albedo.

    metal, clear and gloss are 0..1, numbers or arrays: how far the surface mirrors its
    surroundings, lets the ground through, and shows the lamp as a highlight.
    """

    albedo: np.ndarray
    alpha: np.ndarray
    height: np.ndarray
    metal: np.ndarray | float = 0.0
    clear: np.ndarray | float = 0.0
    gloss: np.ndarray | float = 0.05
    lift: float = 6.0  # how high it stands, in pixels: the length of its shadow

    def planes(self) -> tuple[np.ndarray, np.ndarray]:
        """(albedo, alpha) and (height, metal, clear, gloss) as two (SIZE, SIZE, 4) arrays."""
        surface = [
            np.broadcast_to(p, self.alpha.shape) for p in (self.metal, self.clear, self.gloss)
        ]
        skin, body = [self.albedo, self.alpha], [self.height, *surface]
        return np.dstack(skin).astype(np.float32), np.dstack(body).astype(np.float32)


@dataclass(frozen=True)
class Light:
    """One lamp and what it is surrounded by. `mirror` holds the waves seen in metal."""

    direction: np.ndarray
    colour: np.ndarray
    ambient: float
    exposure: float
    softness: float
    mirror: np.ndarray = field(repr=False)

    @classmethod
    def drawn(cls, rng: Rng) -> "Light":
        """A lamp anywhere above the horizon, from tungsten to open shade."""
        angle, steep = rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.2)
        direction = np.array([np.cos(angle), np.sin(angle), 1 / steep], np.float32)
        warmth = rng.normal(0, 1)
        tone = np.array([1 + 0.035 * warmth, 1 + 0.01 * rng.normal(), 1 - 0.04 * warmth])
        return cls(
            direction=direction / np.linalg.norm(direction),
            colour=tone.astype(np.float32),
            ambient=rng.uniform(0.4, 0.7),
            exposure=float(np.exp(rng.normal(0.05, 0.1))),
            softness=rng.uniform(2, 9),
            mirror=rng.normal(0, 1, (3, 4)).astype(np.float32),
        )

    def nudged(self, rng: Rng) -> "Light":
        """The same lamp a moment later: exposure and colour differ a little."""
        turned = self.direction + rng.normal(0, 0.08, 3).astype(np.float32)
        return replace(
            self,
            direction=turned / np.linalg.norm(turned),
            exposure=self.exposure * float(np.exp(rng.normal(0, 0.08))),
            colour=self.colour * (1 + rng.normal(0, 0.025, 3)).astype(np.float32),
        )


@dataclass(frozen=True)
class Pose:
    """Where something lies: centre and scale in world pixels, turn in radians."""

    x: float
    y: float
    turn: float
    scale: float

    def moved(self, turn: float, scale: float, shift: np.ndarray) -> "Pose":
        """The same place after the whole scene was turned, scaled and shifted."""
        c, s, middle = np.cos(turn) * scale, np.sin(turn) * scale, WORLD / 2
        dx, dy = self.x - middle, self.y - middle
        x, y = middle + c * dx - s * dy + shift[0], middle + s * dx + c * dy + shift[1]
        return Pose(x, y, self.turn + turn, self.scale * scale)

    def matrix(self) -> np.ndarray:
        """The (2, 3) matrix from item space (pixels) to world space (pixels)."""
        c, s = np.cos(self.turn) * self.scale, np.sin(self.turn) * self.scale
        middle = (SIZE - 1) / 2
        return np.float32(
            [[c, -s, self.x - c * middle + s * middle], [s, c, self.y - s * middle - c * middle]]
        )


def ground(rng: Rng) -> np.ndarray:
    """A concrete slab or a conveyor belt, stained and strewn with crumbs: (WORLD, WORLD, 3)."""
    tone = colour(rng, (0.05, 0.13), (0.0, 0.08), (0.52, 0.68))
    grain = noise(rng, 90, 3, WORLD) * 0.05 + noise(rng, 8, 4, WORLD) * 0.04
    if rng.random() < BELT_SHARE:
        tone = tone * np.float32(0.68)
        ribs = np.arange(WORLD) / rng.uniform(9, 16) * 2 * np.pi
        grain += (np.maximum(np.sin(ribs), 0.6) - 0.6)[:, None].astype(np.float32) * 0.5
    slab = tone * (1 + grain)[..., None]
    film = np.clip(noise(rng, 110, 5, WORLD) - rng.uniform(0.0, 1.0), 0, 1) * 0.55
    slab += (slab * np.float32([0.62, 0.5, 0.38]) - slab) * film[..., None]
    for _ in range(rng.integers(0, 14)):
        start, end = rng.integers(0, WORLD, (2, 2)).tolist()
        scratch = slab[start[1], start[0]] * np.float32(rng.uniform(0.75, 1.15))
        cv2.line(slab, start, end, scratch.tolist(), 1, cv2.LINE_AA)
    for _ in range(rng.integers(5, 70)):
        place, axes = rng.uniform(0, WORLD, 2).tolist(), rng.uniform(1, 4, 2).tolist()
        crumb = rng.uniform(0.1, 0.5) * np.float32([1, rng.uniform(0.7, 1), rng.uniform(0.4, 0.9)])
        cv2.ellipse(slab, (place, axes, rng.uniform(0, 180)), crumb.tolist(), -1)
    return np.clip(slab, 0, 1)


def table(rng: Rng) -> np.ndarray:
    """A clean sheet of nearly white paper: (WORLD, WORLD, 3)."""
    tone = colour(rng, (0.05, 0.2), (0.0, 0.04), (0.86, 0.96))
    return np.broadcast_to(tone, (WORLD, WORLD, 3)).astype(np.float32)


def placed(under: np.ndarray, item: Item, pose: Pose, light: Light) -> np.ndarray:
    """`under` (WORLD, WORLD, 3) with `item` lying on it, lit, casting its shadow."""
    matrix = pose.matrix()
    box = covered(matrix)
    if box is None:
        return under
    left, top, right, bottom = box
    matrix[:, 2] -= left, top
    skin, body = (cv2.warpAffine(p, matrix, (right - left, bottom - top)) for p in item.planes())
    albedo, alpha = skin[..., :3], skin[..., 3:]
    height, metal, clear, gloss = (body[..., k : k + 1] for k in range(4))

    solid = np.zeros((WORLD, WORLD), np.float32)
    solid[top:bottom, left:right] = (alpha * (1 - 0.6 * clear))[..., 0]
    world = under * shadow(solid, item.lift * pose.scale, light)
    behind = world[top:bottom, left:right]

    normal = normals(height[..., 0] * np.float32(pose.scale))
    facing = np.maximum(towards(normal, light.direction), 0)[..., None]
    half = light.direction + np.float32([0, 0, 1])
    glint = cv2.pow(np.maximum(towards(normal, half / np.linalg.norm(half)), 0), 40)[..., None]

    lit = albedo * (light.ambient + (1.25 - light.ambient) * facing)
    lit += (albedo * mirrored(normal, light)[..., None] - lit) * metal
    if clear.any():
        bent = warp(behind, normal[..., 0] * 14, normal[..., 1] * 14)
        rim = 1 - normal[..., 2:] ** 2
        lit += (bent * (0.35 + 0.65 * albedo) * (1 - 0.45 * rim) - lit) * clear
    world[top:bottom, left:right] += (lit + glint * gloss * 1.6 - behind) * alpha
    return world


def covered(matrix: np.ndarray) -> tuple[int, int, int, int] | None:
    """The part of the world (left, top, right, bottom) that an item's square falls on."""
    corners = np.array([[0, 0, 1], [SIZE, 0, 1], [0, SIZE, 1], [SIZE, SIZE, 1]]) @ matrix.T
    left, top = np.clip(np.floor(corners.min(0)), 0, WORLD).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)), 0, WORLD).astype(int)
    return (left, top, right, bottom) if right - left > 2 and bottom - top > 2 else None


def normals(height: np.ndarray) -> np.ndarray:
    """Unit normals (h, w, 3) of a height field in pixels."""
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    length = np.sqrt(dx**2 + dy**2 + 1)
    return np.dstack([-dx / length, -dy / length, 1 / length])


def towards(normal: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Cosine (h, w) between each normal and a unit vector; spelt out, as BLAS is slower here."""
    x, y, z = (np.float32(v) for v in direction)
    return normal[..., 0] * x + normal[..., 1] * y + normal[..., 2] * z


def mirrored(normal: np.ndarray, light: Light) -> np.ndarray:
    """Brightness of the surroundings that a mirror with this normal shows, about 0.1..1.6."""
    seen = np.full(normal.shape[:2], 0.62, np.float32)
    for a, b, phase, strength in light.mirror:
        seen += 0.2 * strength * np.sin(3.2 * (a * normal[..., 0] + b * normal[..., 1]) + phase)
    return np.clip(seen + 0.5 * (towards(normal, light.direction) - 0.5), 0.08, 1.6)


def shadow(solid: np.ndarray, lift: float, light: Light) -> np.ndarray:
    """Share of light (WORLD, WORLD, 1) that reaches the ground around a body."""
    reach = lift * light.direction[:2] / light.direction[2]
    move = np.float32([[1, 0, -reach[0]], [0, 1, -reach[1]]])
    cast = cv2.GaussianBlur(cv2.warpAffine(solid, move, solid.shape), (0, 0), light.softness)
    contact = cv2.GaussianBlur(solid, (0, 0), 3)
    return ((1 - (1 - light.ambient) * 0.75 * cast) * (1 - 0.3 * contact))[..., None]


def photograph(world: np.ndarray, rng: Rng, light: Light) -> np.ndarray:
    """What the camera records: (PHOTOGRAPH, PHOTOGRAPH, 3) uint8, RGB."""
    zoom = PHOTOGRAPH / (WORLD * rng.uniform(0.72, 0.85))
    turn = rng.normal(0, 0.06)
    c, s = np.cos(turn) * zoom, np.sin(turn) * zoom
    centre = WORLD / 2 + rng.normal(0, 3, 2)
    x = PHOTOGRAPH / 2 - c * centre[0] + s * centre[1]
    y = PHOTOGRAPH / 2 - s * centre[0] - c * centre[1]
    matrix = np.float32([[c, -s, x], [s, c, y]])
    blurred = cv2.GaussianBlur(world, (0, 0), abs(rng.normal(0, 0.5)) + 0.45)
    view = cv2.warpAffine(blurred, matrix, (PHOTOGRAPH, PHOTOGRAPH), borderMode=cv2.BORDER_REFLECT)
    view = view * light.colour * light.exposure * falloff(rng)
    grain = rng.standard_normal(view.shape, dtype=np.float32) * rng.uniform(0.005, 0.025)
    bright = np.clip(view, 0, None)
    film = bright * (1 + bright * 0.1) / (1 + bright * 0.32) * 1.08  # highlights roll off
    return (np.clip(film + grain, 0, 1) * 255 + 0.5).astype(np.uint8)


def falloff(rng: Rng) -> np.ndarray:
    """The lens's dark corners and light that is uneven over the frame: (h, w, 1)."""
    y, x = np.mgrid[-1 : 1 : PHOTOGRAPH * 1j, -1 : 1 : PHOTOGRAPH * 1j].astype(np.float32)
    slope = rng.normal(0, 0.07, 2)
    return (1 - rng.uniform(0.02, 0.16) * (x**2 + y**2) + slope[0] * x + slope[1] * y)[
        ..., None
    ].astype(np.float32)
