"""What was asked of a run, in words."""

from typing import Any

from search.insights.facts import run_facts

SETTINGS: dict[str, Any] = {
    "config": {
        "scale": 2,
        "families": {"splitsr": {}, "seemore": {}},
        "objectives": ["psnr_y_db", "latency_ms"],
        "constraints": {"macs": {"max": 13_824_000_000.0}, "psnr_y_db": {"min": 30}},
        "data": {"training": "bundled", "validation": "photos"},
        "training": {"recipe": "quick"},
        "budget": {"trials": 28, "minutes": 9.0, "steps": 1000},
        "sampler": "tpe",
        "seed": 0,
        "target": "eager:threads=1",
    },
    "train_steps": 1000,
    "target": {"lr_height_px": 90, "lr_width_px": 160},
    "created": "2026-01-02T03:04:05+00:00",
    "workers": 2,
    "precision": {"splitsr": "float32"},
    "calibration": {"reference_ms": 7.553332000000079, "clock": "cpu"},
    "device": {"cpu_model": "a processor", "torch_version": "2.9"},
}


def test_what_was_asked() -> None:
    asked = [(fact.label, fact.text) for fact in run_facts(SETTINGS).asked]
    assert asked == [
        ("enlargement", "x2"),
        ("families", "splitsr, seemore"),
        ("objectives", "highest PSNR on Y (dB), least latency (ms)"),
        ("bound", "MACs at 1280x720 HR at most 13,824,000,000"),
        ("bound", "PSNR on Y (dB) at least 30"),
        ("target", "eager:threads=1"),
        ("training", "1,000 steps of the quick recipe"),
        ("photographs", "bundled; validated on photos"),
        ("budget", "28 trained candidates, or 9 minutes"),
        ("sampler", "tpe, seed 0"),
    ]
    rungs = {**SETTINGS["config"], "ladder": {"rungs": [400, 1000]}}
    asked = [(fact.label, fact.text) for fact in run_facts({**SETTINGS, "config": rungs}).asked]
    assert ("budget", "28 full trainings' worth of steps, or 9 minutes") in asked


def test_where_the_numbers_come_from() -> None:
    assert [(fact.label, fact.text) for fact in run_facts(SETTINGS).provenance] == [
        ("began", "2026-01-02T03:04:05+00:00"),
        ("workers", "2"),
        ("reference time", "reference ms 7.55333, clock cpu"),
        ("trained", "splitsr in float32"),
        ("trained on", "processor a processor; torch 2.9"),
    ]
