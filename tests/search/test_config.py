"""Search configs: what is accepted, and how what is not is refused.

Covers search.workers.wanted.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from search.config import SearchConfig, load_search_config

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(EXAMPLES.glob("*.yaml")) if "families:" in path.read_text()],
    ids=lambda path: path.stem,
)
def test_every_example_is_valid(path: Path) -> None:
    config = load_search_config(path)
    assert SearchConfig.model_validate(config.model_dump(mode="json")) == config


def test_the_quickstart_is_what_the_readme_promises() -> None:
    config = load_search_config(EXAMPLES / "quickstart.yaml")
    assert config.scale == 2
    assert [space.family for space in config.space.families] == ["splitsr", "seemore"]
    # 60,000 MACs for each of the 640x360 input pixels of a 1280x720 output.
    assert config.constraints["macs"].max == 60_000 * 640 * 360
    assert (config.data.training, config.data.validation) == ("bundled", "bundled")
    assert config.timing_seconds <= 3


def _refusal(tmp_path: Path, config: dict[str, Any]) -> str:
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(ValueError) as caught:
        load_search_config(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sampler": "nsga3"}, ("sampler", "nsga2", "nsga3")),
        ({"scale": 5}, ("scale", "5")),
        ({"objectives": ["psnr"]}, ("psnr_y_db", "psnr")),
        ({"objectives": ["macs", "macs"]}, ("differ",)),
        ({"objectives": []}, ("objectives",)),
        ({"seeed": 1}, ("seeed", "seed")),
        ({"budget": {"steps": 3}}, ("trials", "minutes")),
        ({"budget": {"trials": 0}}, ("trials", "0")),
        ({"constraints": {"macs": {}}}, ("min", "max")),
        ({"constraints": {"macs": {"min": 3, "max": 2}}}, ("min <= max", "3", "2")),
        ({"constraints": {"flops": {"max": 2}}}, ("macs", "flops")),
        ({"families": {}}, ("splitsr", "seemore")),
        ({"families": {"splitsr": {"chanels": [8]}}}, ("chanels", "channels")),
        ({"families": {"splitsr": {"channels": []}}}, ("one or more",)),
        ({"families": {"splitsr": {"channels": [8, 8]}}}, ("different", "8")),
        (
            {"families": {"splitsr": {"groups": {"low": 3, "high": 1}}}},
            ("families.splitsr.groups", "high must be low plus", "low 3, high 1"),
        ),
        ({"families": {"splitsr": {"groups": {"low": 1, "hihg": 2}}}}, ("'hihg'", "'high'")),
        ({"families": {"splitsr": {"groups": ["x"]}}}, ("families.splitsr.groups", "integer")),
        ({"families": {"splitsr": {"split_ratio": [0.0]}}}, ("split", "0")),
        ({"families": {"splitsr": {"channels": [0]}}}, ("channels", "0")),
        ({"families": {"seemore": {"kernel": [4]}}}, ("kernel", "4")),
        ({"target": "eagr"}, ("eager", "eagr")),
        ({"workers": 0}, ("workers should be greater than or equal to 1, got 0",)),
        ({"workers": True}, ("workers should be a valid integer, got True",)),
        ({"workers": "all"}, ("workers should be a valid integer, got 'all'",)),
        ({"workers": {"per_devices": 2}}, ("'per_devices'", "'per_device'")),
        ({"workers": {"per_device": 0}}, ("workers.per_device", "0")),
        ({"workers": {"per_device": 2}}, ("training.device cuda", "cpu")),
        ({"workers": {"ray": "local", "per_device": 2}}, ("training.device cuda", "cpu")),
        ({"workers": {"ray": "head"}}, ("workers.ray", "HOST:PORT", "auto or local", "'head'")),
        ({"workers": {"ray": "ray://head:10001"}}, ("make this machine a node", "ray://head")),
        ({"workers": {"ray": "auto", "count": 0}}, ("workers.count", "0")),
        ({"workers": {"ray": "auto", "cuont": 2}}, ("'cuont'", "'count'")),
        (
            {
                "workers": {"ray": "auto"},
                "families": {"classsr": {}},
                "training": {
                    "recipe": {
                        "name": "quick",
                        "routing.label_weight": 1.0,
                        "routing.classes_by": "network.safetensors",
                    }
                },
            },
            ("routing.classes_by", "workers: N"),
        ),
        ({"target": ["eager", "eagr"]}, ("target", "eager", "eagr")),
        ({"target": []}, ("target", "at least one")),
        ({"targets": ["eager"]}, ("'targets'", "'target'")),
        (
            {"target": ["eager", "eager:threads=1"], "objectives": ["latency_ms"]},
            ("targets must differ",),
        ),
        (
            {"target": ["eager:lr=8x8", "openvino:lr=8x9"], "objectives": ["latency_ms"]},
            ("same lr and batch", "lr=8x8", "lr=8x9"),
        ),
        ({"target": ["eager", "openvino"]}, ("latency_ms", "name one target")),
        (
            {
                "target": ["eager", "openvino"],
                "constraints": {"latency_ms": {"max": 2}},
                "calibration": "file.jsonl",
            },
            ("a calibration is of one target, got 2",),
        ),
        ({"training": {"recipe": "quik"}}, ("quick", "quik")),
        ({"training": {"recipe": "smsr"}}, ("all families", "smsr only")),
        ({"training": {"recipe": {"name": "smsr"}}}, ("all families", "smsr only")),
        ({"training": {"recipe": {"name": ["quick"]}}}, ("recipe's name", "['quick']")),
        ({"training": {"recipe": 3}}, ("training.recipe", "recipe's name", "3")),
        (
            {"training": {"recipe": {"ema_deca": 0}}},
            ("training.recipe", "'ema_deca'", "ema_decay"),
        ),
        (
            {"training": {"recipe": {"ema_decay": "no"}}},
            ("training.recipe", "ema_decay", "'no'"),
        ),
        (
            {"training": {"recipe": {"sparsity.weight": 0.01}}},
            ("sparsity.weight is for smsr and hybrid networks", "got splitsr, seemore"),
        ),
        ({"training": {"recipe": {"steps": 7}}}, ("budget.steps", "training.recipe")),
    ],
)
def test_bad_values_are_refused_in_one_line(
    tmp_path: Path, small_search: dict[str, Any], change: dict[str, Any], words: tuple[str, ...]
) -> None:
    message = _refusal(tmp_path, {**small_search, **change})
    for word in words:
        assert word in message


def test_a_recipe_is_a_name_or_a_mapping_with_what_is_set(small_search: dict[str, Any]) -> None:
    small_search["families"] = {**small_search["families"], "smsr": {}}
    small_search["budget"] = {"trials": 1}

    def read(recipe: Any) -> SearchConfig:
        return SearchConfig.model_validate({**small_search, "training": {"recipe": recipe}})

    changed = read({"name": "long", "sparsity.weight": 0.01, "betas": [0.5, 0.75], "steps": 7})
    assert changed.training.recipe.recipe.sparsity.weight == 0.01
    assert changed.training.recipe.recipe.betas == (0.5, 0.75)
    assert changed.steps == 7
    dumped = changed.model_dump(mode="json", exclude_none=True)
    assert yaml.safe_load(yaml.safe_dump(dumped))["training"]["recipe"] == {
        "name": "long", "sparsity.weight": 0.01, "betas": [0.5, 0.75], "steps": 7
    }  # fmt: skip
    assert SearchConfig.model_validate(dumped).training == changed.training
    assert read({"clip_norm": None}).model_dump(mode="json", exclude_none=True)["training"][
        "recipe"
    ] == {"name": "quick", "clip_norm": None}
    assert read({"name": "long"}) == read("long") != read("quick")
    assert read("long").model_dump(mode="json")["training"]["recipe"] == "long"


def test_several_targets_are_a_list_and_one_is_a_text(small_search: dict[str, Any]) -> None:
    small_search["objectives"] = ["psnr_y_db", "latency_ms"]
    several = SearchConfig.model_validate(
        small_search | {"target": ["openvino", "eager:lr=180x320"]}
    )
    assert [target.runtime for target in several.targets] == ["openvino", "eager"]
    assert several.target == several.targets[0]
    dumped = several.model_dump(mode="json")
    assert dumped["target"] == [str(target) for target in several.targets]
    assert SearchConfig.model_validate(dumped) == several
    one = SearchConfig.model_validate(small_search | {"target": ["openvino"]})
    assert one == SearchConfig.model_validate(small_search | {"target": "openvino"})
    assert one.model_dump(mode="json")["target"] == str(one.target)


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.yaml"
    path.write_text("scale: [2\n")
    with pytest.raises(ValueError, match="must be a YAML file"):
        load_search_config(path)


def test_a_file_without_a_mapping_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.yaml"
    path.write_text("- 2\n")
    with pytest.raises(ValueError, match="mapping"):
        load_search_config(path)


def test_a_key_given_twice_at_any_depth_is_refused_with_both_lines(
    tmp_path: Path, small_search: dict[str, Any]
) -> None:
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(small_search, sort_keys=False) + "training:\n  seeds: 1\n")
    assert load_search_config(path).training.seeds == 1
    path.write_text(path.read_text() + "  recipe: quick\n  seeds: 3\n")
    line = path.read_text().count("\n")
    with pytest.raises(ValueError, match=f"'seeds' is given twice, on lines {line - 2} and {line}"):
        load_search_config(path)
