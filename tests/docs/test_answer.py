"""The engineer's journey of docs/how-to/answer.md, command by command, at a small size."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from paretosr.cli.app import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "answer.md"
# Small where the page is large: the image, and how long is searched and trained.
INSTEAD = {"--target": "openvino:threads=1,lr=16x24"}
MORE = {"train": ["--steps", "2", "--precision", "float32"]}
EDITS = {
    "families": {
        "splitsr": {"channels": 8, "groups": 1, "blocks": [1, 2], "upsampler": "one_step"}
    },
    "budget": {"trials": 1, "steps": 2},
    "timing_seconds": 0.3,
    "workers": 1,
}


def journey() -> list[list[str]]:
    """The commands of the page's first block."""
    block = re.search(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [shlex.split(line)[1:] for line in block[1].splitlines()]


def smaller(words: list[str]) -> list[str]:
    changed = [INSTEAD.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    return changed + MORE.get(words[0], [])


@pytest.mark.slow
def test_five_commands_lead_from_a_target_to_a_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.chdir(tmp_path)
    commands = journey()
    assert [words[0] for words in commands] == ["init", "search", "pick", "train", "export"]
    for words in commands:
        assert run(smaller(words)) == 0, words
        if words[0] == "init":
            config = yaml.safe_load(Path("search.yaml").read_text(encoding="utf-8"))
            assert config["constraints"] == {"latency_ms": {"max": 15.0}}
            Path("search.yaml").write_text(yaml.safe_dump(config | EDITS), encoding="utf-8")
    assert Path("answer.onnx").stat().st_size > 1000
    said = capsys.readouterr()
    assert "MODEL: runs/answer:" in said.out
    assert "latency_ms <= 15" in said.out
