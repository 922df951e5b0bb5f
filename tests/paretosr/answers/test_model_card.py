"""A card of known contents."""

from pathlib import Path

from blocks import SplitSRConfig, catalogue_config
from paretosr.answers.model_card import Cost, ModelCard, Origin, QualityOn, licence_note, limits_of

ORIGIN = Origin(
    run="runs/mine", start="random", parent=None, teacher=None, recipe="medium",
    schedule="40,000 steps as in recipe medium", steps=40_000, steps_with_ancestors=40_000,
    seconds=3600.0, seed=0, precision="float32", training_data="/home/me/DIV2K",
    training_images=800, licence="Research only.",
)  # fmt: skip
COST = Cost(
    target="openvino:threads=2", variant="plain", lr_height_px=270, lr_width_px=480, batch=1,
    latency_ms=9.123, latency_ci_low_ms=9.05, latency_ci_high_ms=9.3, peak_memory_mib=12.34,
    device={"cpu_model": "A|B"},
)  # fmt: skip
CARD = ModelCard(
    trial=4, arch_id="splitsr-x2-0", family="splitsr", scale=2, design={}, params=123_456,
    macs=5_600_000_000, weights="0123456789", origin=ORIGIN,
    quality=(QualityOn("/data/Set5", 5, "PyTorch, float32", 37.512, 0.95821, 33.69, 0.9308),),
    cost=COST, files={"onnx": "model.onnx"}, limits=("Another scale.",),
    versions={"paretosr": "0.1.0"},
)  # fmt: skip


def test_the_page_has_the_figures_and_no_paths() -> None:
    page = CARD.markdown()
    assert "| Set5 | 5 | PyTorch, float32 | 37.51 | 0.9582 | 33.69 |" in page
    assert "**9.123 ms** (95 % interval 9.05 to 9.3) and 12.3 MiB for 1 image of 270x480" in page
    assert "123,456 parameters and 5.60 GMACs" in page
    assert "Trained on 800 images of DIV2K. Research only." in page
    assert "| cpu_model | A\\|B |" in page
    assert "/home/me" not in page and "/data" not in page
    assert "* Another scale." in page and "| onnx | model.onnx |" in page


def test_limits_follow_from_the_network_and_its_training() -> None:
    local, few = SplitSRConfig(scale=2), catalogue_config("classsr-fsrcnn", 4)
    said = " ".join(limits_of(local, ORIGIN, COST))
    assert "Any other scale than 2" in said and "9.123 ms hold for openvino" in said
    assert "demonstration" not in said
    demonstration = Origin(**{**ORIGIN.__dict__, "training_images": 8})
    said = " ".join(limits_of(few, demonstration, None))
    assert "8 training images make a demonstration" in said and "ms hold for" not in said
    assert ("Tiles" in said) is (few.receptive_field_radius_px is None)


def test_terms_beside_the_photographs_are_named(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    assert "knows no licence" in licence_note(str(photographs))
    (photographs / "LICENSE.txt").write_text("Research only.")
    assert licence_note(str(photographs)).startswith("Their terms are in LICENSE.txt")
    assert "scikit-image" in licence_note("bundled")
