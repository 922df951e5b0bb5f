"""Folders of photographs, the embedded ones, and where their pixels lie."""

import errno
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from skimage import data

from imaging.images import ImageSet, load_images


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, one of them gray, among other files."""
    random = np.random.default_rng(0)
    for name, shape in [("b.png", (8, 9, 3)), ("a.BMP", (7, 5, 3)), ("c.tiff", (6, 6))]:
        pixels = random.integers(0, 256, shape, np.uint8)
        PIL.Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "readme.txt").write_text("not an image")
    (tmp_path / ".b.png").write_text("what a file manager left behind")
    (tmp_path / "more.png").mkdir()
    return tmp_path


def load(source: Path, **options: int) -> ImageSet:
    return load_images(str(source), split="training", **options)


def test_a_folder_is_read_in_the_order_of_names(folder: Path) -> None:
    loaded = load(folder)
    assert [image.name for image in loaded.images] == ["a.BMP", "b.png", "c.tiff"]
    assert [image.pixels.shape for image in loaded.images] == [(7, 5, 3), (8, 9, 3), (6, 6, 3)]
    assert [image.is_gray for image in loaded.images] == [False, False, True]
    assert loaded.notes == ()
    for image in loaded.images[:2]:
        assert np.array_equal(image.pixels, np.asarray(PIL.Image.open(folder / image.name)))


def test_the_split_says_nothing_about_a_folder(folder: Path) -> None:
    names = [image.name for image in load_images(str(folder), split="validation").images]
    assert names == [image.name for image in load(folder).images]


def test_what_exceeds_the_limit_is_memory_mapped(folder: Path) -> None:
    total_bytes = (7 * 5 + 8 * 9 + 6 * 6) * 3
    in_memory = load(folder, memory_limit_bytes=total_bytes)
    mapped = load(folder, memory_limit_bytes=total_bytes - 1)
    assert mapped.notes[:-1] == in_memory.notes
    assert "memory-mapped" in mapped.notes[-1]
    for one, other in zip(in_memory.images, mapped.images, strict=True):
        assert (one.name, one.is_gray) == (other.name, other.is_gray)
        assert not isinstance(one.pixels, np.memmap)
        assert isinstance(other.pixels, np.memmap)
        assert other.pixels.flags.writeable
        assert np.array_equal(one.pixels, other.pixels)


def test_a_full_disk_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full, which this system does not offer")
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: full.open("r+b", buffering=0))
    with pytest.raises(ValueError, match=r"writing there failed .* set TMPDIR") as caught:
        load(folder, memory_limit_bytes=0)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("split", "names", "grays"),
    [
        (
            "training",
            "astronaut brick coffee coins grass gravel motorcycle_left retina",
            "brick coins grass gravel",
        ),
        ("validation", "camera chelsea rocket", "camera"),
    ],
)
def test_the_bundled_photographs(split: str, names: str, grays: str) -> None:
    loaded = load_images("bundled", split=split)  # type: ignore[arg-type]
    assert [Path(image.name).stem for image in loaded.images] == names.split()
    assert [Path(i.name).stem for i in loaded.images if i.is_gray] == grays.split()
    for image in loaded.images:
        photograph = scikit_image(Path(image.name).stem)
        channels = photograph[..., None] if image.is_gray else photograph
        assert np.array_equal(image.pixels, np.broadcast_to(channels, image.pixels.shape))


def scikit_image(name: str) -> NDArray[np.uint8]:
    if name == "motorcycle_left":
        return data.stereo_motorcycle()[0]
    return getattr(data, name)()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must lie in a folder, but '.*absent' does not exist"):
        load(tmp_path / "absent")


def test_a_file_instead_of_a_folder(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"must lie in a folder, but '.*b.png' is a file"):
        load(folder / "b.png")


def test_a_folder_without_images(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold \.bmp, \.jpeg.*holds none"):
        load(folder / "more.png")


def test_a_damaged_image_is_named(folder: Path) -> None:
    content = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"'.*b\.png' does not .* replace the file or remove it"):
        load(folder)


def test_a_dangling_link_is_named(folder: Path) -> None:
    (folder / "d.png").symlink_to(folder / "absent.png")
    with pytest.raises(ValueError, match=r"'.*d\.png' does not .*No such file"):
        load(folder)
