from pathlib import Path

import pytest

from training.log import TrainingLog

HEADER = "step,loss,psnr_y_db\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = TrainingLog(tmp_path / "log.csv")
    for step, psnr in ((10, None), (20, 30.5), (30, 31.5), (40, 31.5)):
        log.add({"step": step, "loss": step / 8, "psnr_y_db": psnr})
    return tmp_path / "log.csv"


def test_rows_are_plain_csv(path: Path) -> None:
    rows = "10,1.25,\n20,2.5,30.5\n30,3.75,31.5\n40,5.0,31.5\n"
    assert path.read_text() == HEADER + rows


def test_a_log_goes_on_with_the_columns_it_began_with(path: Path) -> None:
    row = {"step": 50, "loss": 6.25, "psnr_y_db": 32.0, "expert_1_share": 0.5}
    TrainingLog(path).add(row)
    assert path.read_text().endswith("40,5.0,31.5\n50,6.25,32.0\n")


def test_the_best_is_the_first_of_the_greatest(path: Path) -> None:
    assert TrainingLog(path).best("psnr_y_db") == (30, 31.5)
    assert TrainingLog(path.with_name("none.csv")).best("psnr_y_db") is None


@pytest.mark.parametrize("torn", ["", "50,1.", "5", '50,6.25,"'])
def test_going_on_forgets_later_and_torn_rows(path: Path, torn: str) -> None:
    with path.open("a") as file:
        file.write(torn)
    TrainingLog(path).continue_after(20)
    assert path.read_text() == HEADER + "10,1.25,\n20,2.5,30.5\n"


def test_a_torn_row_goes_even_where_no_whole_row_is_later(path: Path) -> None:
    whole = path.read_text()
    path.write_text(whole + "50,6.2")
    TrainingLog(path).continue_after(40)
    assert path.read_text() == whole


def test_starting_anew_empties_the_log(path: Path) -> None:
    TrainingLog(path).continue_after(0)
    TrainingLog(path).add({"step": 1, "loss": 2.0})
    assert path.read_text() == "step,loss\n1,2.0\n"
