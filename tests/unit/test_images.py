"""Whatever the file's format, out comes upright 8-bit RGB."""

import numpy as np
import pytest
from PIL import Image

from wastelib.data.images import UnreadableImageError, read_image, read_rgb, resized

HEIGHT, WIDTH = 20, 30


@pytest.fixture
def picture() -> np.ndarray:
    """Red at the left, blue at the right, white on top: every wrong turn shows."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:, : WIDTH // 2] = (255, 0, 0)
    pixels[:, WIDTH // 2 :] = (0, 0, 255)
    pixels[: HEIGHT // 2] = 255
    return pixels


def test_rgb_is_read_as_it_is(picture, tmp_path):
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert np.array_equal(read_rgb(tmp_path / "a.png"), picture)


def test_grey_becomes_three_equal_channels(tmp_path):
    Image.fromarray(np.full((HEIGHT, WIDTH), 77, np.uint8)).save(tmp_path / "a.png")
    assert np.array_equal(read_rgb(tmp_path / "a.png"), np.full((HEIGHT, WIDTH, 3), 77))


def test_sixteen_bits_are_scaled_not_clipped(tmp_path):
    grey = np.array([[0, 257 * 100, 65535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png")[0, :, 0].tolist() == [0, 100, 255]


def test_transparency_is_laid_on_white(picture, tmp_path):
    alpha = np.full((HEIGHT, WIDTH, 1), 0, np.uint8)
    alpha[:, : WIDTH // 2] = 255
    Image.fromarray(np.concatenate([picture, alpha], axis=2)).save(tmp_path / "a.png")
    rgb = read_rgb(tmp_path / "a.png")
    assert rgb[-1, 0].tolist() == [255, 0, 0]
    assert rgb[-1, -1].tolist() == [255, 255, 255]


def test_palette_with_transparency_is_laid_on_white(picture, tmp_path):
    image = Image.fromarray(picture).quantize(4)
    red = image.getpixel((0, HEIGHT - 1))
    image.save(tmp_path / "a.png", transparency=red)
    assert read_rgb(tmp_path / "a.png")[-1, 0].tolist() == [255, 255, 255]


def test_cmyk_keeps_its_colours(picture, tmp_path):
    Image.fromarray(picture).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.mode == "CMYK"
    assert image.rgb[-3, 3, 0] > 200
    assert image.rgb[-3, 3, 2] < 60


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(picture, tmp_path, orientation):
    """The file holds a turned or mirrored picture and says how to undo that."""
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(undo(picture))).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read_rgb(tmp_path / "a.png"), picture)


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_broken_files_are_refused_with_a_reason(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UnreadableImageError) as refused:
        read_image(tmp_path / "a.png")
    assert str(tmp_path) not in str(refused.value)  # reasons are printed in reports


def test_truncated_jpeg_is_refused(picture, tmp_path):
    Image.fromarray(np.repeat(np.repeat(picture, 9, 0), 9, 1)).save(tmp_path / "a.jpg")
    whole = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableImageError, match="truncated"):
        read_image(tmp_path / "a.jpg")


def test_broken_exif_is_refused_with_a_reason(tmp_path):
    """Pillow raises struct.error, which is no ValueError, when it turns such a photograph."""
    exif = Image.Exif()
    exif[0x0112], exif[0x011A] = 6, 72.5  # orientation, resolution
    path = tmp_path / "a.jpg"
    Image.new("RGB", (WIDTH, HEIGHT)).save(path, exif=exif)
    resolution, image_width = b"\x01\x1a\x00\x05", b"\x01\x00\x00\x05"
    content = path.read_bytes()
    assert content.count(resolution) == 1
    path.write_bytes(content.replace(resolution, image_width))
    with pytest.raises(UnreadableImageError, match="cannot be decoded: required argument"):
        read_image(path)


def test_huge_image_is_refused_before_it_is_decoded(tmp_path, monkeypatch, picture):
    Image.fromarray(picture).save(tmp_path / "a.png")
    monkeypatch.setattr("wastelib.data.images.MAX_PIXELS", HEIGHT * WIDTH - 1)
    with pytest.raises(UnreadableImageError, match="30 x 20 pixels"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("size", [8, 20, 64])
def test_resizing_gives_a_square_and_keeps_the_mean(picture, size):
    small = resized(picture, size)
    assert small.shape == (size, size, 3)
    assert small.dtype == np.uint8
    assert np.allclose(small.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=8)
