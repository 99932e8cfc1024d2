"""Reading one image file: whatever its format, out comes upright 8-bit RGB."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

# A file may claim any size in its header; nothing above this is decoded (about 150 MB as RGB).
MAX_PIXELS = 50_000_000
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # Pillow's, of the same


class UnreadableImageError(Exception):
    """A file that is no usable image; the message says why, in words for a table."""


@dataclass(frozen=True)
class ImageFile:
    """An image file decoded once, with what the catalogue notes of it.

    `rgb` is uint8 of shape (height, width, 3), upright; `mode` is the mode the file has on
    disk, in Pillow's words (RGB, L, CMYK, RGBA, I;16, …).
    """

    rgb: np.ndarray
    mode: str


def read_image(path: Path) -> ImageFile:
    """Decode a file.

    Grey is repeated to three channels, transparency is laid on white, CMYK is converted,
    16 bits are scaled to 8 and EXIF rotation is applied.

    Raises `UnreadableImageError` for a file that is not there, empty, broken, truncated or huge,
    for one that is no image, and for floating-point pixels.
    """
    try:
        if path.stat().st_size == 0:
            raise UnreadableImageError("the file is empty")
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UnreadableImageError(
                    f"{width} x {height} pixels are more than the {MAX_PIXELS:,} allowed"
                )
            return ImageFile(_upright_rgb(image), image.mode)
    except (UnreadableImageError, MemoryError):
        raise
    except FileNotFoundError:
        raise UnreadableImageError("there is no such file") from None
    except Exception as error:
        # Broken files make Pillow raise nearly anything: fuzzing found OSError, SyntaxError,
        # ValueError, TypeError and struct.error. Its messages may name the full path.
        reason = str(error).replace(str(path), path.name)
        raise UnreadableImageError(f"cannot be decoded: {reason}") from error


def read_rgb(path: Path, size: int | None = None) -> np.ndarray:
    """The same as a uint8 array (height, width, 3); with `size`, resized to a square of it."""
    rgb = read_image(path).rgb
    return rgb if size is None else resized(rgb, size)


def resized(rgb: np.ndarray, size: int) -> np.ndarray:
    """`rgb` as (size, size, 3): averaged when shrinking, interpolated when growing.

    Not cropped: a photograph that is no square is squeezed, as the published protocol does.
    """
    if rgb.shape[:2] == (size, size):
        return rgb
    shrinks = min(rgb.shape[:2]) >= size
    return cv2.resize(
        rgb, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    )


def _upright_rgb(image: Image.Image) -> np.ndarray:
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise UnreadableImageError("its pixels are floating-point numbers, of unknown range")
    if image.mode.startswith("I"):  # 16-bit grey: Pillow would clip to 255 instead of scaling
        grey = np.asarray(image).astype(np.int64)
        grey = np.clip(grey, 0, 65535) // 257
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))
