"""Every common kind of image file, whole and damaged."""

import re
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.decoding import conversion_notes, decode, decoded_bytes

LOSSLESS = [".png", ".bmp", ".tif", ".webp"]
LOSSY = [".jpg", ".jpeg"]
ORIENTATION_TAG = 0x0112


@pytest.fixture
def photograph() -> NDArray[np.uint8]:
    """A smooth colour image, so that lossy formats stay close to it."""
    rows, columns = np.mgrid[0:24, 0:40]
    return np.stack([rows * 8, columns * 5, 200 - rows * 3], axis=2).astype(np.uint8)


def save(path: Path, pixels: NDArray[np.uint8], mode: str | None = None, **options: object) -> Path:
    image = PIL.Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, lossless=True, **options)
    return path


def save_png16(path: Path, samples: NDArray[np.uint16]) -> Path:
    """A PNG of 16 bits a channel, which Pillow cannot write. Shape: (H, W, C)."""
    height, width, channels = samples.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("suffix", [*LOSSLESS, *LOSSY])
def test_plain_rgb_needs_no_conversion(
    tmp_path: Path, photograph: NDArray[np.uint8], suffix: str
) -> None:
    path = save(tmp_path / f"image{suffix}", photograph)
    pixels, kinds = decode(path)
    assert kinds == ()
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable and pixels.flags.c_contiguous
    tolerance = 0 if suffix in LOSSLESS else 12
    assert np.abs(pixels.astype(int) - photograph).max() <= tolerance
    assert decoded_bytes(path) == pixels.nbytes


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif"])
def test_grayscale(tmp_path: Path, photograph: NDArray[np.uint8], suffix: str) -> None:
    pixels, kinds = decode(save(tmp_path / f"image{suffix}", photograph[..., 0]))
    assert kinds == ("grayscale",)
    assert np.array_equal(pixels, np.repeat(photograph[..., :1], 3, axis=2))


def test_black_and_white(tmp_path: Path) -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (4, 4))
    pixels, kinds = decode(save(tmp_path / "image.png", stripes, "1"))
    assert kinds == ("grayscale",)
    assert np.array_equal(pixels[..., 0], stripes)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_alpha_is_dropped(tmp_path: Path, photograph: NDArray[np.uint8], suffix: str) -> None:
    alpha = np.full((24, 40, 1), 128, np.uint8)
    pixels, kinds = decode(save(tmp_path / f"a{suffix}", np.concatenate([photograph, alpha], 2)))
    assert kinds == ("stored with an alpha channel",)
    assert np.array_equal(pixels, photograph)


def test_gray_with_alpha(tmp_path: Path, photograph: NDArray[np.uint8]) -> None:
    pixels, kinds = decode(save(tmp_path / "image.png", photograph[..., 1], "LA"))
    assert kinds == ("grayscale", "stored with an alpha channel")
    assert np.array_equal(pixels[..., 2], photograph[..., 1])


@pytest.mark.parametrize("transparency", [None, 0, bytes([0, 128, 255])])
def test_palette(tmp_path: Path, transparency: int | bytes | None) -> None:
    image = PIL.Image.fromarray(np.array([[0, 1, 2, 1]], np.uint8))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    options = {} if transparency is None else {"transparency": transparency}
    image.save(tmp_path / "image.png", **options)
    pixels, kinds = decode(tmp_path / "image.png")
    assert pixels.tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90], [40, 50, 60]]]
    assert ("stored with an alpha channel" in kinds) == (transparency is not None)
    assert kinds[-1] == "stored with a palette"


def test_gray_of_16_bits_is_scaled_and_rounded(tmp_path: Path) -> None:
    # 257 v is the 16-bit form of v; 128 and 129 lie on either side of half a step.
    values = np.array([[0, 128, 129, 257 * 7, 257 * 7 + 128, 257 * 7 + 129, 65535]], np.uint16)
    pixels, kinds = decode(save_png16(tmp_path / "image.png", values[..., None]))
    assert kinds == ("grayscale", "stored with 16 bits per channel")
    assert pixels[..., 1].tolist() == [[0, 0, 1, 7, 7, 8, 255]]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_gray_of_16_bits_in_either_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    PIL.Image.fromarray(np.array([[0, 30000, 65535]], np.uint16)).save(path)
    assert decode(path)[0][..., 0].tolist() == [[0, 117, 255]]  # 30000 / 257 = 116.7


@pytest.mark.parametrize(
    ("channels", "kinds"),
    [
        (2, ("grayscale", "stored with 16 bits per channel", "stored with an alpha channel")),
        (3, ("stored with 16 bits per channel",)),
        (4, ("stored with 16 bits per channel", "stored with an alpha channel")),
    ],
)
def test_colours_of_16_bits(tmp_path: Path, channels: int, kinds: tuple[str, ...]) -> None:
    eight_bits = np.arange(12, dtype=np.uint16).reshape(1, -1, channels) * 20
    pixels, found = decode(save_png16(tmp_path / "image.png", eight_bits * 257))
    assert found == kinds
    if channels == 2:
        assert np.array_equal(pixels, np.repeat(eight_bits[..., :1], 3, axis=2))
    else:
        assert np.array_equal(pixels, eight_bits[..., :3])


def test_cmyk(tmp_path: Path) -> None:
    image = PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    image.save(tmp_path / "image.jpg")
    pixels, kinds = decode(tmp_path / "image.jpg")
    assert kinds == ("stored in another colour space",)
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 4


def test_only_the_first_frame_is_used(tmp_path: Path, photograph: NDArray[np.uint8]) -> None:
    second = PIL.Image.fromarray(photograph[::-1])
    path = save(tmp_path / "image.tif", photograph, save_all=True, append_images=[second])
    pixels, kinds = decode(path)
    assert kinds == ("stored as several frames",)
    assert np.array_equal(pixels, photograph)


def test_images_are_turned_upright(tmp_path: Path, photograph: NDArray[np.uint8]) -> None:
    exif = PIL.Image.Exif()
    exif[ORIENTATION_TAG] = 6  # The camera was turned: rotate by 90 degrees clockwise to see it.
    path = save(tmp_path / "image.png", photograph, exif=exif)
    pixels, kinds = decode(path)
    assert kinds == ()
    assert np.array_equal(pixels, np.rot90(photograph, k=-1))
    assert decoded_bytes(path) == pixels.nbytes


def test_float_pixels_have_no_known_range(tmp_path: Path) -> None:
    PIL.Image.new("F", (8, 8), 0.5).save(tmp_path / "image.tif")
    with pytest.raises(ValueError, match=r"'.*image.tif' does not \(pixels of mode F have no"):
        decode(tmp_path / "image.tif")


@pytest.mark.parametrize("kept", [0.0, 0.05, 0.5, 0.9])
@pytest.mark.parametrize("suffix", [*LOSSLESS, ".jpg"])
def test_truncated_files(tmp_path: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    path = save(tmp_path / f"image{suffix}", noise)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match="replace the file or remove it") as caught:
        decode(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(LOSSLESS + LOSSY), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_damaged_files_decode_or_are_named(
    tmp_path: Path, photograph: NDArray[np.uint8], suffix: str, damaged: list[int]
) -> None:
    path = save(tmp_path / f"image{suffix}", photograph)
    content = bytearray(path.read_bytes())
    for position in damaged:
        content[position % len(content)] ^= 1 + position % 255
    path.write_bytes(content)
    try:
        pixels, _ = decode(path)
    except ValueError as error:
        assert re.search(rf"'{re.escape(str(path))}'", str(error))
    else:
        assert pixels.dtype == np.uint8 and pixels.shape[2] == 3


def test_files_that_declare_too_many_pixels(tmp_path: Path) -> None:
    path = save_png16(tmp_path / "bomb.png", np.zeros((1, 1, 1), np.uint16))
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 20_000, 20_000)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"400000000 pixels.*bomb.png.*cut it into smaller"):
        decoded_bytes(path)


def test_notes_count_each_kind() -> None:
    counts = {"stored with a palette": 1, "stored with an alpha channel": 3, "grayscale": 3}
    assert conversion_notes(counts, 40) == [
        "3 of 40 images are stored with an alpha channel: it is dropped",
        "1 of 40 images is stored with a palette: expanded to RGB",
    ]
    assert conversion_notes({}, 40) == []
