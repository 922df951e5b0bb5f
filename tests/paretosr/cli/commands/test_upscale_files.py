"""What `paretosr upscale` keeps of a file beside its pixels, and what it makes of a folder.

Covers imaging.image_metadata, upscaling.folders and upscaling.jobs.
"""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, ImageCms
from PIL.PngImagePlugin import PngInfo

from blocks import SeemoReConfig, build_network, save_checkpoint
from imaging.imresize import upscale_bicubic

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" '
    'exif:PixelXDimension="40" dc:creator="Ada"><exif:PixelYDimension>24</exif:PixelYDimension>'
    "<xmp:Thumbnails>small</xmp:Thumbnails></rdf:Description></x:xmpmeta>"
)


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    """Smooth, so that lossy formats stay close to it."""
    rows, columns = np.mgrid[0:24, 0:40]
    return np.stack([rows * 8, columns * 5, 200 - rows * 3], axis=2).astype(np.uint8)


def _profile(space: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()  # type: ignore[arg-type]


def _swapped_profile() -> bytes:
    """sRGB with the columns of red and blue exchanged, so that to ignore it shows."""
    profile = _profile("sRGB")
    return profile.replace(b"rXYZ", b"tmp ").replace(b"bXYZ", b"rXYZ").replace(b"tmp ", b"bXYZ")


def _exif() -> bytes:
    exif = PIL.Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "a maker of cameras"
    photograph = exif.get_ifd(ExifTags.IFD.Exif)
    photograph[ExifTags.Base.ExifImageWidth] = 40
    photograph[ExifTags.Base.ExifImageHeight] = 24
    photograph[ExifTags.Base.DateTimeOriginal] = "2020:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return exif.tobytes()


def _save(path: Path, pixels: NDArray[np.uint8], **options: Any) -> Path:
    """A file with XMP, in the place of its format."""
    if path.suffix == ".png":
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP)
    elif path.suffix == ".tif":
        exif = PIL.Image.Exif()
        exif.load(options["exif"])
        exif[ExifTags.Base.XMLPacket] = XMP.encode()
        options["exif"] = exif
    else:
        options["xmp"] = XMP.encode()
    PIL.Image.fromarray(pixels).save(path, **options)
    return path


WITH_METADATA = [".png", ".jpg", ".webp", ".tif", ".avif"]


@pytest.mark.parametrize("large_suffix", WITH_METADATA)
@pytest.mark.parametrize("suffix", WITH_METADATA)
def test_profile_exif_and_xmp_are_kept(
    cli: Callable[..., Any],
    tmp_path: Path,
    pixels: NDArray[np.uint8],
    suffix: str,
    large_suffix: str,
) -> None:
    profile = _profile("sRGB")
    photo = _save(tmp_path / f"photo{suffix}", pixels, exif=_exif(), icc_profile=profile)
    large = tmp_path / f"large{large_suffix}"
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2)
    assert (completed.status, completed.err) == (0, "")
    with PIL.Image.open(large) as image:
        assert image.size == (48, 80)  # turned upright
        assert image.info["icc_profile"] == profile
        exif = image.getexif()
        assert exif[ExifTags.Base.Make] == "a maker of cameras"
        assert exif.get(ExifTags.Base.Orientation, 1) == 1
        assert ExifTags.Base.StripOffsets not in exif or image.format == "TIFF"
        photograph = exif.get_ifd(ExifTags.IFD.Exif)
        assert photograph[ExifTags.Base.ExifImageWidth] == 48
        assert photograph[ExifTags.Base.ExifImageHeight] == 80
        assert photograph[ExifTags.Base.DateTimeOriginal] == "2020:01:02 03:04:05"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        image.load()
        xmp = image.info["xmp"].decode()
    assert xmp == (
        # Of TIFF, Pillow takes the orientation out while it turns the image.
        XMP.replace('tiff:Orientation="6"', "" if suffix == ".tif" else 'tiff:Orientation="1"')
        .replace('"40"', '"48"')
        .replace(">24<", ">80<")
        .replace("<xmp:Thumbnails>small</xmp:Thumbnails>", "")
    )


@pytest.mark.parametrize("suffix", [".bmp", ".gif", ".jp2"])
def test_formats_without_profile_are_written_in_srgb(
    cli: Callable[..., Any], tmp_path: Path, suffix: str
) -> None:
    photo, large = tmp_path / "photo.png", tmp_path / f"large{suffix}"
    profile = _swapped_profile()
    PIL.Image.new("RGB", (8, 8), (200, 100, 50)).save(photo, icc_profile=profile, exif=_exif())
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2)
    name = {".bmp": "BMP", ".gif": "GIF", ".jp2": "JPEG2000"}[suffix]
    assert f"the image had to be converted to sRGB: {name} holds no colour profile" in completed.err
    assert f"the image lost EXIF: {name} holds none" in completed.err
    with PIL.Image.open(large) as image:
        found = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(found - (50, 100, 200)).max() <= 2


def test_a_profile_of_gray_needs_gray(cli: Callable[..., Any], tmp_path: Path) -> None:
    """Gray of gamma 1 and of 0.5 is 188 in sRGB: 1.055 * 0.5^(1 / 2.4) - 0.055 = 0.7354."""
    photo = tmp_path / "photo.png"
    PIL.Image.new("L", (8, 8), 128).save(photo, icc_profile=_linear_gray())
    kept, converted = tmp_path / "large.png", tmp_path / "large.webp"
    assert cli("upscale", "bicubic", photo, kept, "--scale", 2).err == ""
    with PIL.Image.open(kept) as image:
        assert (image.mode, image.info["icc_profile"]) == ("L", _linear_gray())
        assert image.getextrema() == (128, 128)
    completed = cli("upscale", "bicubic", photo, converted, "--scale", 2)
    assert "converted to sRGB: WEBP holds no colour profile of gray" in completed.err
    with PIL.Image.open(converted) as image:
        assert "icc_profile" not in image.info
        assert np.abs(np.asarray(image).astype(int) - 188).max() <= 1


def _linear_gray() -> bytes:
    """Source: ICC.1:2001-04, 6.1 (header and tag table) and 6.5.3 (a curve of no points)."""
    white = b"\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d"
    tags = {b"wtpt": b"XYZ \0\0\0\0" + white, b"kTRC": b"curv\0\0\0\0\0\0\0\0"}
    table, data, offset = len(tags).to_bytes(4, "big"), b"", 132 + 12 * len(tags)
    for name, content in tags.items():
        place = (offset + len(data)).to_bytes(4, "big") + len(content).to_bytes(4, "big")
        table, data = table + name + place, data + content
    header = (offset + len(data)).to_bytes(4, "big") + b"\0\0\0\0\x02\x40\0\0mntrGRAYXYZ "
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + white
    return header.ljust(128, b"\0") + table + data


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".jp2", ".avif"])
@pytest.mark.parametrize("is_gray", [False, True])
def test_alpha_is_enlarged(
    cli: Callable[..., Any],
    tmp_path: Path,
    pixels: NDArray[np.uint8],
    suffix: str,
    is_gray: bool,
) -> None:
    alpha = pixels[..., 1]
    colours = pixels[..., :1] if is_gray else pixels
    photo, large = tmp_path / "photo.png", tmp_path / f"large{suffix}"
    PIL.Image.fromarray(np.dstack([colours, alpha])).save(photo)
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2)
    assert (completed.status, completed.err) == (0, "")
    with PIL.Image.open(large) as image:
        assert image.mode == ("LA" if is_gray and suffix not in (".webp", ".avif") else "RGBA")
        found = np.asarray(image.convert("RGBA")).astype(int)
    tolerance = 8 if suffix == ".avif" else 0
    expected = np.broadcast_to(upscale_bicubic(colours, 2), (48, 80, 3))
    assert np.abs(found[..., :3] - expected).max() <= tolerance
    assert np.abs(found[..., 3] - upscale_bicubic(alpha, 2)).max() <= tolerance


def test_alpha_is_said_to_be_lost(
    cli: Callable[..., Any], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    photo, large = tmp_path / "photo.png", tmp_path / "large.jpg"
    PIL.Image.fromarray(np.dstack([pixels, pixels[..., 0]])).save(photo)
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2)
    assert completed.status == 0
    assert completed.err == "note: the image lost alpha: JPEG holds none\n"


def test_a_gif_is_invisible_where_it_was(cli: Callable[..., Any], tmp_path: Path) -> None:
    frames = [PIL.Image.new("RGBA", (8, 8), (200, 100, 50, 255)) for _ in range(2)]
    frames[0].paste((0, 0, 0, 0), (0, 0, 4, 8))
    frames[0].save(tmp_path / "photo.gif", save_all=True, append_images=[frames[1].rotate(90)])
    large = tmp_path / "large.gif"
    completed = cli("upscale", "bicubic", tmp_path / "photo.gif", large, "--scale", 2)
    assert completed.status == 0
    assert "stored as several frames: only the first is used" in completed.err
    assert "reduced to 256 colours: GIF holds no more" in completed.err
    with PIL.Image.open(large) as image:
        assert getattr(image, "n_frames", 1) == 1
        alpha = np.asarray(image.convert("RGBA"))[..., 3]
    assert (alpha[:, :7] == 0).all() and (alpha[:, 9:] == 255).all()


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_each_pixel_keeps_its_colour(cli: Callable[..., Any], tmp_path: Path, suffix: str) -> None:
    """Columns of pure red and blue, one pixel wide, which halved chroma would mix."""
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 255
    photo, large = tmp_path / "photo.png", tmp_path / f"large{suffix}"
    PIL.Image.fromarray(stripes).save(photo)
    assert cli("upscale", "bicubic", photo, large, "--scale", 2).status == 0
    with PIL.Image.open(large) as image:
        difference = np.asarray(image).astype(int) - upscale_bicubic(stripes, 2)
    assert np.abs(difference).max() <= (0 if suffix == ".webp" else 24)


def test_jpeg_is_written_with_full_chroma_at_quality_95(
    cli: Callable[..., Any], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    PIL.Image.fromarray(pixels).save(tmp_path / "photo.png")
    reference = io.BytesIO()
    PIL.Image.fromarray(pixels).save(reference, "JPEG", quality=95)
    for suffix in (".jpg", ".jpe", ".jfif", ".JPEG"):
        large = tmp_path / f"large{suffix}"
        cli("upscale", "bicubic", tmp_path / "photo.png", large, "--scale", 2)
        with PIL.Image.open(large) as image, PIL.Image.open(reference) as expected:
            assert [component[1:3] for component in image.layer] == [(1, 1)] * 3
            assert image.quantization == expected.quantization


def test_metadata_too_long_for_jpeg_is_left_out(
    cli: Callable[..., Any], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    exif = PIL.Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "x" * 70_000
    PIL.Image.fromarray(pixels).save(tmp_path / "photo.png", exif=exif.tobytes())
    large = tmp_path / "large.jpg"
    completed = cli("upscale", "bicubic", tmp_path / "photo.png", large, "--scale", 2)
    assert completed.status == 0
    assert "lost EXIF: JPEG holds at most 65504 bytes" in completed.err


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("large.ico", (40, 129), "ICO holds sides of at most 256 px, got 258x80"),
        ("large.webp", (8192, 1), "WEBP holds sides of at most 16383 px, got 2x16384"),
        ("large.avif", (1, 16385), "AVIF holds sides of at most 32768 px, got 32770x2"),
        ("large.jpg", (32751, 1), "JPEG holds sides of at most 65500 px, got 2x65502"),
        ("large.gif", (32768, 1), "GIF holds sides of at most 65535 px, got 2x65536"),
        ("large.icns", (16, 16), "must end in the suffix of an image format"),
        ("large.pdf", (16, 16), "must end in the suffix of an image format"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_it_is_computed(
    cli: Callable[..., Any],
    tmp_path: Path,
    name: str,
    size: tuple[int, int],
    message: str,
) -> None:
    PIL.Image.new("RGB", size).save(tmp_path / "photo.png")
    completed = cli("upscale", "bicubic", tmp_path / "photo.png", tmp_path / name, "--scale", 2)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


@pytest.mark.parametrize(
    ("name", "size"),
    [("large.ico", (128, 9)), ("large.webp", (8191, 1)), ("large.jpg", (32750, 1))],
)
def test_the_largest_that_a_format_holds_is_written(
    cli: Callable[..., Any], tmp_path: Path, name: str, size: tuple[int, int]
) -> None:
    PIL.Image.new("RGB", size).save(tmp_path / "photo.png")
    assert (
        cli("upscale", "bicubic", tmp_path / "photo.png", tmp_path / name, "--scale", 2).status == 0
    )
    with PIL.Image.open(tmp_path / name) as image:
        assert image.size == (2 * size[0], 2 * size[1])


SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".avif",
    ".jp2",
)  # fmt: skip


def test_a_folder_keeps_names_and_formats(cli: Callable[..., Any], tmp_path: Path) -> None:
    photos, large = tmp_path / "photos", tmp_path / "large"
    photos.mkdir()
    for suffix in SUFFIXES:
        PIL.Image.new("RGB", (12, 10), (200, 100, 50)).save(photos / f"a{suffix}")
    (photos / "notes.txt").write_text("no image")
    completed = cli("upscale", "bicubic", photos, large, "--scale", 2)
    assert completed.status == 0
    assert sorted(large.iterdir()) == sorted(large / f"a{suffix}" for suffix in SUFFIXES)
    for suffix in SUFFIXES:
        with (
            PIL.Image.open(large / f"a{suffix}") as written,
            PIL.Image.open(photos / f"a{suffix}") as read,
        ):
            assert (written.size, written.format) == ((24, 20), read.format)
            assert np.abs(np.asarray(written.convert("RGB")) - (200.0, 100, 50)).max() <= 4


def test_a_folder_in_one_format(cli: Callable[..., Any], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    PIL.Image.new("RGB", (12, 10)).save(photos / "a.jpg")
    for given in ("png", ".PNG"):
        large = tmp_path / f"large-{given}"
        completed = cli("upscale", "bicubic", photos, large, "--scale", 2, "--format", given)
        assert completed.out == f"{large / 'a.png'}\n"
    PIL.Image.new("RGB", (12, 10)).save(photos / "a.bmp")
    for given, message in (("png", "2 would become"), ("ico", "the format must be one of avif,")):
        completed = cli(
            "upscale", "bicubic", photos, tmp_path / "no", "--scale", 2, "--format", given
        )
        assert (completed.status, message in completed.err) == (2, True)
        assert not (tmp_path / "no").exists()


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder of good images, and of bad ones of every kind."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    PIL.Image.fromarray(noise).save(folder / "c.png")
    PIL.Image.fromarray(noise).save(folder / "z.png")
    (folder / "a.png").write_bytes((folder / "c.png").read_bytes()[:2000])
    (folder / "b.png").write_text("no image")
    PIL.Image.new("RGB", (8200, 1)).save(folder / "long.webp")
    os.mkfifo(folder / "pipe.png")
    return folder


@pytest.mark.timeout(60)
def test_bad_files_of_a_folder_are_listed_at_the_end(
    cli: Callable[..., Any], mixed: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    completed = cli("upscale", "bicubic", mixed, large, "--scale", 2, "--json")
    assert completed.status == 1
    assert completed.json["files"] == [str(large / name) for name in ("c.png", "z.png")]
    assert sorted(path.name for path in large.iterdir()) == ["c.png", "z.png"]
    reasons = {Path(entry["file"]).name: entry["reason"] for entry in completed.json["skipped"]}
    assert sorted(reasons) == ["a.png", "b.png", "long.webp", "pipe.png"]
    assert reasons["pipe.png"] == "not a regular file"
    assert reasons["long.webp"] == "WEBP holds sides of at most 16383 px, got 2x16400"
    *lines, last = completed.err.splitlines()
    assert last == "paretosr: 4 of 6 images were skipped (see above)"
    for name, reason in reasons.items():
        assert f"note: skipped {mixed / name}: {reason}" in lines


def test_images_too_small_for_a_network_are_skipped(
    cli: Callable[..., Any], mixed: Path, tmp_path: Path
) -> None:
    network = build_network(SeemoReConfig(scale=2, channels=8, groups=1, recursion=2))
    model, large = tmp_path / "seemore.safetensors", tmp_path / "large"
    save_checkpoint(model, network.state_dict(), network.config, {})
    minimum_px = network.config.minimum_size_px
    PIL.Image.new("RGB", (40, minimum_px - 1)).save(mixed / "small.png")
    completed = cli("upscale", model, mixed, large, "--variant", "folded", "--json")
    assert completed.status == 1
    (reason,) = (e["reason"] for e in completed.json["skipped"] if "small.png" in e["file"])
    assert f"seemore needs images of at least {minimum_px}x{minimum_px} px, got" in reason


def test_a_folder_of_bad_files_only(cli: Callable[..., Any], mixed: Path, tmp_path: Path) -> None:
    for name in ("c.png", "z.png"):
        (mixed / name).unlink()
    completed = cli("upscale", "bicubic", mixed, tmp_path / "large", "--scale", 2)
    assert (completed.status, completed.out) == (1, "")
    assert "4 of 4 images were skipped" in completed.err
    assert not (tmp_path / "large").exists()


def test_one_bad_image_is_bad_input(cli: Callable[..., Any], mixed: Path, tmp_path: Path) -> None:
    for name, reason in {"a.png": "a.png' does not", "pipe.png": "not a regular file"}.items():
        completed = cli("upscale", "bicubic", mixed / name, tmp_path / "large.png", "--scale", 2)
        assert (completed.status, completed.out) == (2, "")
        assert reason in completed.err
        assert completed.err.count("\n") == 1


def test_folders_inside_a_folder(cli: Callable[..., Any], tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("b.png", "in/a.jpg"):
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (12, 10)).save(photos / name)
    large = photos / "large"
    for _ in range(2):  # What was written before is no input.
        completed = cli("upscale", "bicubic", photos, large, "--scale", 2, "--recursive")
        assert completed.out.splitlines() == [str(large / "b.png"), str(large / "in" / "a.jpg")]
    completed = cli("upscale", "bicubic", photos, tmp_path / "flat", "--scale", 2)
    assert completed.out == f"{tmp_path / 'flat' / 'b.png'}\n"


def test_what_is_there_already_stays(
    cli: Callable[..., Any], tmp_path: Path, photographs: Path
) -> None:
    large = tmp_path / "large"
    large.mkdir()
    (large / "wide.png").write_text("written before")
    arguments = ("upscale", "bicubic", photographs, large, "--scale", 2, "--skip-existing")
    completed = cli(*arguments)
    assert (completed.status, completed.out) == (0, f"{large / 'narrow.png'}\n")
    assert "left as they are: 1 of 2 files" in completed.err
    again = cli(*arguments, "--json")
    assert (again.status, again.json["files"]) == (0, [])
    assert again.json["existing"] == [str(large / "narrow.png"), str(large / "wide.png")]
    assert (large / "wide.png").read_text() == "written before"


@pytest.mark.parametrize(
    ("option", "named"),
    [(["--recursive"], "recursive"), (["--format", "png"], "a format")],
)
def test_options_of_folders_are_refused_for_a_file(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path, option: list[str], named: str
) -> None:
    photo, large = photographs / "wide.png", tmp_path / "large.png"
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2, *option)
    assert completed.status == 2
    assert f"{named} is for a folder of images, but the source is the file" in completed.err


def test_what_is_not_8_bit_rgb_is_said(cli: Callable[..., Any], tmp_path: Path) -> None:
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 257
    PIL.Image.fromarray(deep).save(tmp_path / "deep.png")
    palette = PIL.Image.new("RGB", (8, 8), (200, 100, 50)).quantize()
    palette.save(tmp_path / "palette.png")
    completed = cli("upscale", "bicubic", tmp_path, tmp_path / "large", "--scale", 2)
    assert completed.err.splitlines() == [
        "note: 1 of 2 images is stored with 16 bits per channel: reduced to 8 bits",
        "note: 1 of 2 images is stored with a palette: expanded to RGB",
    ]
    with PIL.Image.open(tmp_path / "large" / "deep.png") as image:
        assert np.array_equal(image, upscale_bicubic((deep // 257).astype(np.uint8), 2))


def test_noise_for_exif_is_said(
    cli: Callable[..., Any], tmp_path: Path, pixels: NDArray[np.uint8]
) -> None:
    photo, large = tmp_path / "photo.jpg", tmp_path / "large.jpg"
    PIL.Image.fromarray(pixels).save(photo, exif=b"Exif\0\0" + b"\xff" * 40)
    completed = cli("upscale", "bicubic", photo, large, "--scale", 2)
    assert completed.status == 0
    assert "stored with EXIF that cannot be read: it is left out" in completed.err
    with PIL.Image.open(large) as image:
        assert "exif" not in image.info
