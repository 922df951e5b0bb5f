"""What a search that is ended says of how it goes on."""

from pathlib import Path

import pytest

from paretosr.answers.continuing import continuable, fresh_directory
from search.storage.run_directory import RunDirectory


@pytest.mark.parametrize("has_begun", [True, False])
def test_whatever_ends_a_search_says_how_it_goes_on(tmp_path: Path, has_begun: bool) -> None:
    if has_begun:
        RunDirectory(tmp_path).settings.touch()
    words = f"--resume {tmp_path}" if has_begun else "nothing has been trained or written yet"
    with pytest.raises(KeyboardInterrupt) as interrupt, continuable(tmp_path):
        raise KeyboardInterrupt
    assert words in str(interrupt.value)
    with pytest.raises(RuntimeError) as failure, continuable(tmp_path):
        raise RuntimeError("no space")
    assert str(failure.value) == "no space" and words in failure.value.__notes__[0]


def test_a_directory_is_named_by_its_config_and_the_time() -> None:
    assert fresh_directory("quickstart").match("runs/quickstart-????????-??????")
