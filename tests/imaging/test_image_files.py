"""How an enlarged image is held and written; what files keep is tested with `paretosr upscale`."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from imaging import image_files
from imaging.decoding import decode_file, decode_image
from imaging.image_files import enlarged_image, write_enlarged


def doubled(pixels: np.ndarray) -> np.ndarray:
    return pixels.repeat(2, axis=0).repeat(2, axis=1)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_an_enlarged_image_is_of_the_originals_kind(mode: str) -> None:
    original = decode_image(PIL.Image.new("RGBA", (5, 4), (100, 100, 100, 70)).convert(mode))
    enlarged = enlarged_image(doubled(original.pixels), original, 2)
    assert (enlarged.mode, enlarged.size) == (mode, (10, 8))
    assert np.array_equal(np.unique(enlarged.getchannel(0)), [100])
    if "A" in mode:
        assert np.array_equal(np.unique(enlarged.getchannel("A")), [70])


def test_what_pillow_cannot_encode_is_an_error_that_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, large = tmp_path / "photo.png", tmp_path / "large.jpg"
    PIL.Image.new("RGB", (5, 4)).save(source)
    original = decode_file(source)
    # No image makes Pillow's JPEG fail; a quality that it does not know does.
    monkeypatch.setattr(image_files, "_options", lambda *_: {"quality": "many"})
    with pytest.raises(RuntimeError, match=r"large\.jpg cannot be written as JPEG: Invalid qual"):
        write_enlarged(large, doubled(original.pixels), original, 2)
    assert list(tmp_path.iterdir()) == [source]
