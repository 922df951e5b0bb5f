"""What benchmarks/gpu_check.py and gpu_sections.py do without a GPU."""

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu_check.py"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )


def checked_page(page: Path, *arguments: str) -> str:
    ended = check("--device", "cpu", "--size", "tiny", "--page", str(page), *arguments)
    assert ended.returncode == 0, ended.stderr
    return page.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _scripts_are_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are for a script that is run."""
    monkeypatch.syspath_prepend(SCRIPT.parent)


@pytest.fixture
def gpu_sections() -> ModuleType:
    return import_module("gpu_sections")


OUTPUTS = r"\| fsrcnn \| 0\.0e\+00 \| 0\.0e\+00 \| \d\.\de-0[123] \|"


# Here other tests run beside what is timed.
@pytest.mark.filterwarnings(
    "ignore:other work disturbs this machine:foundation.listener.ParetoSRWarning"
)
@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("tests", r"- 1 skipped, \d+ deselected in"),
        ("outputs", OUTPUTS),
        ("losses", r"\| fsrcnn \| float32 \| 0\.0% \| (\S+) \| \1 \|"),
        ("targets", r"\| eager:\S+,precision=float32 \| .* \| 1\.00 \| 0\.0e\+00 \|"),
        ("throughput", r"\| fsrcnn \| 1 of 8x8 \| bfloat16 \| \d+\.\d \|"),
        ("candidates", r"- 1 candidates of 2 steps in"),
    ],
)
def test_the_cpu_agrees_with_itself(gpu_sections: ModuleType, section: str, expected: str) -> None:
    lines = gpu_sections.SECTIONS[section].lines("cpu", gpu_sections.SIZES["tiny"])
    assert re.search(expected, "\n".join(lines))


def test_a_section_is_a_part_of_the_page(tmp_path: Path) -> None:
    text = checked_page(tmp_path / "page.md", "--only", "outputs")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == ["Outputs"]
    assert re.search(OUTPUTS, text)
    assert "Cut short" not in text and "Failed" not in text


def test_all_sections_together_end_in_eight_minutes(gpu_sections: ModuleType) -> None:
    sections = gpu_sections.SECTIONS
    assert sum(section.seconds for section in sections.values()) < 8 * 60


def test_a_section_without_time_is_cut_short_and_the_next_one_begins(tmp_path: Path) -> None:
    text = checked_page(
        tmp_path / "page.md", "--only", "candidates", "outputs", "--seconds", "0.05"
    )
    assert text.count("**Cut short after 0.05 s.**") == 2
    assert text.index("## Candidates per minute") < text.index("## Outputs")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_gpu_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [SCRIPT.name])
    with pytest.raises(SystemExit, match="2"):
        import_module(SCRIPT.stem).main()
    assert "PyTorch finds no CUDA device" in capsys.readouterr().err.splitlines()[-1]
