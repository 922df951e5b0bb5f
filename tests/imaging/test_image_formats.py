"""The table of formats against Pillow's own."""

from pathlib import Path

import PIL.Image
import pytest

from imaging.image_formats import IMAGE_SUFFIXES, format_of, is_image_name


@pytest.mark.parametrize("suffix", [*sorted(IMAGE_SUFFIXES), ".ico"])
def test_pillow_reads_and_writes_each_format_by_its_suffix(suffix: str, tmp_path: Path) -> None:
    written = format_of(Path(f"image{suffix.upper()}"))
    assert PIL.Image.registered_extensions()[suffix] == written.name
    assert written.name in PIL.Image.OPEN and written.name in PIL.Image.SAVE
    for mode in written.modes:
        path = tmp_path / f"{mode}{suffix}"
        PIL.Image.new(mode, (16, 16)).save(path, **written.options)
        with PIL.Image.open(path) as image:
            assert image.size == (16, 16)
            # GIF gives gray as "L" and every colour as a palette.
            assert image.mode == mode or suffix == ".gif"


@pytest.mark.parametrize(
    ("name", "is_image"),
    [("a.png", True), ("a.JFIF", True), (".a.png", False), ("a.ico", False), ("png", False)],
)
def test_names_of_images(name: str, is_image: bool) -> None:
    assert is_image_name(Path("folder") / name) == is_image


@pytest.mark.parametrize(
    ("name", "size_px", "fits"),
    [
        ("a.bmp", (37_000, 37_000), True),  # 4.1e9 bytes
        ("a.bmp", (38_000, 38_000), False),  # 4.3e9 bytes, above 2^32
        ("a.tif", (32_000, 32_000), True),  # with alpha 4.1e9 bytes
        ("a.tif", (33_000, 33_000), False),
        ("a.png", (38_000, 38_000), True),
        ("a.jpg", (65_500, 1), True),
        ("a.jpg", (1, 65_501), False),
    ],
)
def test_what_fits_into_a_file(name: str, size_px: tuple[int, int], fits: bool) -> None:
    assert (format_of(Path(name)).why_not(*size_px) is None) == fits
