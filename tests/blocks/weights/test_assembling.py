"""ClassSR from the files of its branches, which have no prefix, and perhaps of its classifier."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from blocks import (
    ClassSRConfig,
    FsrcnnConfig,
    ImdnConfig,
    InterpolationConfig,
    build_network,
    from_official,
    import_files,
    import_official,
)

WIDTHS = (4, 6, 8)
CONFIG = ClassSRConfig(
    scale=4, branches=tuple(FsrcnnConfig(scale=4, channels=d, design="rgb") for d in WIDTHS)
)


def branch(d: int, s: int = 12, m: int = 4) -> dict[str, Tensor]:
    """Random tensors under the names of ClassSR's FSRCNN."""
    tensors = {
        "head_conv.0.weight": torch.randn(d, 3, 5, 5),
        "head_conv.0.bias": torch.randn(d),
        "body_conv.0.0.weight": torch.randn(s, d, 1, 1),
        "body_conv.0.0.bias": torch.randn(s),
        f"body_conv.{m + 2}.0.weight": torch.randn(d, s, 1, 1),
        f"body_conv.{m + 2}.0.bias": torch.randn(d),
        "tail_conv.weight": torch.randn(d, 3, 9, 9),
        "tail_conv.bias": torch.randn(3),
    }
    for number in range(1, m + 1):
        tensors[f"body_conv.{number}.weight"] = torch.randn(s, s, 3, 3)
        tensors[f"body_conv.{number}.bias"] = torch.randn(s)
    slopes = ("head_conv.1", "body_conv.0.1", f"body_conv.{m + 1}", f"body_conv.{m + 2}.1")
    return tensors | {f"{name}.weight": torch.rand(1) for name in slopes}


def classifier() -> dict[str, Tensor]:
    tensors = {
        "CondNet.0.weight": torch.randn(128, 3, 4, 4),
        "CondNet.8.weight": torch.randn(32, 128, 1, 1),
        "lastOut.weight": torch.randn(3, 32),
    }
    tensors |= {f"CondNet.{k}.weight": torch.randn(128, 128, 1, 1) for k in (2, 4, 6)}
    biases = {
        name.replace("weight", "bias"): torch.randn(len(tensor)) for name, tensor in tensors.items()
    }
    return tensors | biases


def saved(folder: Path, name: str, tensors: object) -> Path:
    torch.save(tensors, folder / name)
    return folder / name


@pytest.fixture
def parts() -> list[dict[str, Tensor]]:
    return [branch(d) for d in WIDTHS]


def test_files_of_branches_and_classifier_are_the_file_of_the_whole(
    parts: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    own = classifier()
    whole = {f"classifier.{name}": tensor for name, tensor in own.items()}
    for number, part in enumerate(parts, start=1):
        whole |= {f"net{number}.{name}": tensor for name, tensor in part.items()}
    files = [saved(tmp_path, f"net{number}.pth", part) for number, part in enumerate(parts)]
    files.append(saved(tmp_path, "classifier.pth", {"params": own}))
    weights = import_files(files, CONFIG)
    expected = from_official(whole, CONFIG)
    assert weights.state.keys() == expected.keys()
    assert all(torch.equal(weights.state[name], expected[name]) for name in expected)
    assert weights.notes == ("classifier.pth: the weights were found in 'params'",)
    build_network(CONFIG).load_state_dict(weights.state)


def test_a_classifier_that_was_not_given_is_fresh_and_the_note_says_so(
    parts: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    prefixed = [{f"module.{name}": tensor for name, tensor in part.items()} for part in parts]
    files = [saved(tmp_path, f"{number}.pth", part) for number, part in enumerate(prefixed)]
    before = torch.random.get_rng_state()
    first, second = import_files(files, CONFIG), import_files(files, CONFIG)
    assert torch.equal(before, torch.random.get_rng_state())
    assert first.notes[0] == "0.pth: the weights were named without the prefix 'module.'"
    assert first.notes[-1].startswith("the classifier is not trained, as no file of it was given")
    assert all(torch.equal(first.state[name], second.state[name]) for name in first.state)
    network = build_network(CONFIG)
    network.load_state_dict(first.state)
    assert all(p.isfinite().all() for p in network.parameters())
    assert torch.equal(first.state["branches.2.extract.0.weight"], parts[2]["head_conv.0.weight"])


def test_a_branch_by_interpolation_has_no_file(
    parts: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    config = CONFIG.replace(branches=(InterpolationConfig(scale=4), *CONFIG.branches[:2]))
    files = [saved(tmp_path, f"{number}.pth", part) for number, part in enumerate(parts[:2])]
    state = import_files(files, config).state
    assert torch.equal(state["branches.1.output_convolution.bias"], parts[0]["tail_conv.bias"])
    assert state.keys() == build_network(config).state_dict().keys()


def test_files_in_the_wrong_order_or_number_are_refused(
    parts: list[dict[str, Tensor]], tmp_path: Path
) -> None:
    files = [saved(tmp_path, f"{number}.pth", part) for number, part in enumerate(parts)]
    with pytest.raises(ValueError, match=r"^branch 1: .*2.pth: .* which should be \(4, 3, 5, 5\)"):
        import_files(files[::-1], CONFIG)
    with pytest.raises(ValueError, match=r"^classifier: .*0.pth: .* a classifier of 3 classes"):
        import_files([*files, files[0]], CONFIG)
    for wrong in (files[:2], [*files, *files]):
        with pytest.raises(ValueError, match=f"network of 3 branches .*, got {len(wrong)} files"):
            import_files(wrong, CONFIG)
    with pytest.raises(ValueError, match="branches of a ClassSR network, got 3 files for imdn"):
        import_files(files, ImdnConfig(scale=4))


def test_one_file_is_read_as_ever(parts: list[dict[str, Tensor]], tmp_path: Path) -> None:
    config = CONFIG.branches[0]
    path = saved(tmp_path, "one.pth", parts[0])
    one, ever = import_files([path], config), import_official(path, config)
    assert one.notes == ever.notes
    assert all(torch.equal(one.state[name], ever.state[name]) for name in ever.state)
