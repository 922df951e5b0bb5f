"""Covers blocks.models."""

import json
from pathlib import Path

import pytest

from blocks import catalogue_config, parse_network_config
from paretosr.models import load
from search.storage.study import read_run


def test_catalogue_name_at_a_scale() -> None:
    model = load("seemore-t", 3)
    assert (model.scale, model.weights) == (3, None)
    assert model.config == catalogue_config("seemore-t", 3)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_has_no_config(scale: int) -> None:
    model = load("bicubic", scale)
    assert (model.name, model.scale, model.config, model.weights) == ("bicubic", scale, None, None)


def test_config_files_say_their_own_scale(tiny_network: Path, tmp_path: Path) -> None:
    data = json.loads(tiny_network.read_text(encoding="utf-8"))
    as_yaml = tmp_path / "tiny.yaml"
    as_yaml.write_text("\n".join(f"{key}: {value}" for key, value in data.items()))
    expected = parse_network_config(data)
    for path in (tiny_network, as_yaml):
        model = load(str(path), None)
        assert (model.config, model.scale) == (expected, 2)


def test_checkpoint_is_a_complete_model(checkpoint: Path, tiny_network: Path) -> None:
    model = load(str(checkpoint), None)
    assert model.config == load(str(tiny_network), None).config
    assert model.weights == checkpoint


def test_candidate_of_a_run_comes_with_its_weights(run_dir: Path) -> None:
    for folder in (run_dir / "checkpoints").iterdir():
        model = load(f"{run_dir}:{folder.name}", 2)
        assert model.config is not None
        assert model.config.arch_id == folder.name
        assert model.weights == folder / "seed-0" / "model.safetensors"


def test_a_trial_is_named_by_its_number_too(run_dir: Path) -> None:
    for record in read_run(run_dir).records:
        by_number = load(f"{run_dir}:{record.trial}", None)
        by_architecture = load(f"{run_dir}:{record.arch_id}", None)
        assert by_number.config == by_architecture.config
        assert by_number.weights == by_architecture.weights


def test_an_unknown_trial_is_told_which_there_are(run_dir: Path) -> None:
    last = max(record.trial or 0 for record in read_run(run_dir).records)
    with pytest.raises(ValueError) as caught:
        load(f"{run_dir}:{last + 1}", None)
    assert str(caught.value) == (
        f"{run_dir} must hold a trial '{last + 1}': its trials are 0 to {last}"
    )


@pytest.mark.parametrize("suffix", [".JSON", ".Yaml", ".YML"])
def test_suffixes_are_read_in_any_case(tiny_network: Path, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"tiny{suffix}"
    path.write_bytes(tiny_network.read_bytes())  # JSON is YAML
    assert load(str(path), None).config == load(str(tiny_network), None).config


def test_candidate_whose_weights_were_deleted_is_a_design(run_dir: Path) -> None:
    folder = next((run_dir / "checkpoints").iterdir())
    weights = folder / "seed-0" / "model.safetensors"
    moved = weights.rename(folder / "elsewhere")
    try:
        assert load(f"{run_dir}:{folder.name}", None).weights is None
    finally:
        moved.rename(weights)


@pytest.mark.parametrize(
    ("reference", "scale", "message"),
    [
        ("seemore-t", 5, "the scale must be 2, 3 or 4, got 5"),
        ("seemore-t", None, "'seemore-t' exists at several scales: choose 2, 3 or 4 with --scale"),
        ("bicubic", None, "'bicubic' exists at several scales"),
        ("semore-t", 2, "got 'semore-t'; did you mean 'seemore-t'"),
        ("bicubc", 2, "did you mean 'bicubic'"),
        ("safmnn", 2, "did you mean 'safmn', 'safmn-l' or 'safmn-ntire'?"),
        ("x.pth", None, "convert it with paretosr import-weights x.pth --as NAME --out x.saf"),
        ("a/x.CKPT", None, "import-weights a/x.CKPT --as NAME --out x.safetensors"),
        ("x.pt", 2, "import-weights"),
        ("x.bin", 2, "import-weights"),
        ("x.onnx", None, "x.onnx is a graph without a network's design"),
        ("nothing.SafeTensors", None, "no such file: nothing.SafeTensors"),
        ("a/x", 2, "no such file or folder: a/x"),
        (__file__, 2, "a file as MODEL must be a .json or .yaml config or a .safetensors"),
        (".", 2, "MODEL must not be a folder, unless of paretosr compress, got '.'"),
        ("nowhere:splitsr-x2-0", 2, "a run directory must hold run.yaml, but there is no nowhere"),
    ],
)
def test_wrong_reference(reference: str, scale: int | None, message: str) -> None:
    with pytest.raises(ValueError) as error:
        load(reference, scale)
    assert message in str(error.value)


def test_scale_against_the_config(tiny_network: Path) -> None:
    with pytest.raises(ValueError, match=r"enlarges by 2, got 4$"):
        load(str(tiny_network), 4)


def test_unknown_candidate_names_the_nearest(run_dir: Path) -> None:
    known = next((run_dir / "checkpoints").iterdir()).name
    with pytest.raises(ValueError, match=f"did you mean '{known[:-1]}"):
        load(f"{run_dir}:{known[:-1]}", None)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("broken.json", "{", "broken.json must be a JSON file"),
        ("broken.yaml", "a: [1", "broken.yaml must be a YAML file"),
        ("typo.yaml", "{family: splitsr, scale: 2, chanels: 8}", "did you mean 'channels'"),
        ("family.yaml", "{family: splitr, scale: 2}", "did you mean 'splitsr'"),
        ("twice.yaml", "channels: 8\nchannels: 9", "'channels' is given twice, on lines 1 and 2"),
        ("twice.json", '{"scale": 2,\n"scale": 3}', "'scale' is given twice, on lines 1 and 2"),
        ("list.json", "[]", "should be a mapping"),
        ("empty.safetensors", "", "must be a whole safetensors file"),
    ],
)
def test_broken_file(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as error:
        load(str(path), None)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_missing_config_file() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.yaml"):
        load("nowhere.yaml", None)
