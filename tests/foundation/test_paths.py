"""Files as users name them."""

from pathlib import Path

import pytest

from foundation.paths import has_suffix, require_file


@pytest.mark.parametrize(
    ("name", "is_json"),
    [("a.json", True), ("a.JSON", True), ("a.json.gz", False), ("json", False), (".json", False)],
)
def test_the_suffix_is_the_last_one_in_any_case(name: str, is_json: bool) -> None:
    assert has_suffix(Path("folder.yaml", name), ".json") == is_json


def test_several_suffixes_will_do() -> None:
    assert has_suffix(Path("a.yml"), ".yaml", ".yml")


def test_a_file_is_needed(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    require_file(tmp_path / "there")
    with pytest.raises(ValueError, match=r"no such file: .*absent"):
        require_file(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"a file is needed, but .* is a folder"):
        require_file(tmp_path)
