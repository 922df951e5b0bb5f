"""What `paretosr profile` says of one model."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from blocks.models import ResolvedModel
from paretosr.cli.ledger_table import explained_as_json, write_explained
from paretosr.cli.output import write_json, write_line, write_note, write_rows
from paretosr.cli.progress import status_line
from paretosr.costs import ModelProfile, explain_macs, noise_warning, profile_model
from profilers import Latency, Target, clock_of
from profilers.predictor import CalibrationFile

_FEWEST_FOR_A_TENTH = 10


def write_profiled(
    model: ResolvedModel,
    target: Target,
    variant: str | None,
    max_seconds: float,
    calibration: Path | None,
    *,
    explain: bool,
    as_json: bool,
) -> None:
    """Write everything that `model` costs, predicted too by the file of a `calibration`.

    To `explain` the MACs, fvcore and thop count them as well, which takes seconds.
    """
    stored = None if calibration is None else CalibrationFile(calibration)
    with status_line(silent=as_json) as status:
        profile = profile_model(
            model,
            target,
            variant=variant,
            max_seconds=max_seconds,
            status=status,
            stored=stored,
            notice=write_note,
        )
        explained = None
        if explain and model.config is not None:
            status("counting MACs with fvcore and thop")
            explained = explain_macs(model.config)
    if as_json:
        explanation = explained_as_json(model, explained) if explained else {}
        write_json({**_as_json(model, target, profile), **explanation})
        return
    _write_table(model, target, profile)
    latency = profile.latency
    if (note := noise_warning(latency.reference_spread, latency.quiet_share)) is not None:
        write_note(note)
    if explained is not None:
        write_explained(model, explained)


def _as_json(model: ResolvedModel, target: Target, profile: ModelProfile) -> dict[str, Any]:
    """Return the profile under the names of the trial table."""
    return {
        "model": model.name,
        "arch_id": model.config.arch_id if model.config else None,
        "family": model.config.family if model.config else model.name,
        "scale": model.scale,
        "target": str(target),
        "lr_height_px": target.lr_height_px,
        "lr_width_px": target.lr_width_px,
        "params": profile.params,
        "macs": profile.macs,
        "activation_mib": profile.activation_mib,
        "peak_memory_mib": profile.peak_memory_mib,
        **asdict(profile.latency),
        "clock": clock_of(target)[0],
        "source": "measured",
        "prediction": asdict(profile.prediction) if profile.prediction else None,
        "device": profile.device,
    }


def _write_table(model: ResolvedModel, target: Target, profile: ModelProfile) -> None:
    latency = profile.latency
    interval = f"{latency.latency_ci_low_ms:.2f} to {latency.latency_ci_high_ms:.2f}"
    rows = [
        ("parameters", f"{profile.params:,}", ""),
        ("MACs", f"{profile.macs / 1e9:,.2f} G", "for an output of 1280x720, all paths"),
        ("activations", _mib(profile.activation_mib), "largest set of live ones, float32"),
        ("peak memory", _mib(profile.peak_memory_mib), "of a forward pass, beyond the weights"),
        ("latency", f"{latency.latency_ms:.2f} ms", f"95 % interval {interval} ms"),
        ("", f"{latency.latency_ratio:.3f}", "as a multiple of the reference network"),
        *_slow_calls(latency),
        ("", f"{latency.first_ms:.2f} ms", "first call"),
        ("", f"{latency.reference_spread:.1%}", "spread of the reference network's calls"),
    ]
    if latency.quiet_share is not None:
        quiet = "of the ratios that count were measured while the machine was quiet"
        rows.append(("", f"{latency.quiet_share:.0%}", quiet))
    if (predicted := profile.prediction) is not None:
        likely = f"90 % interval {predicted.ci_low_ms:.2f} to {predicted.ci_high_ms:.2f} ms"
        rows.insert(5, ("predicted latency", f"{predicted.latency_ms:.2f} ms", likely))
    if latency.prepare_seconds is not None:
        rows.append(("preparation", f"{latency.prepare_seconds:.2f} s", "before the first call"))
    if latency.max_difference is not None:
        rows.append(("difference", f"{latency.max_difference:.1e}", "largest, from eager float32"))
    if latency.variant not in (None, "plain"):
        rows.append(("variant", str(latency.variant), "in which the network was measured"))
    for other in latency.other_variants:
        compared = f"takes {other.ratio:.2f} times as long as {latency.variant}"
        slower = compared if other.ratio else str(other.reason)
        rows.append(("", other.name, slower))
    clocks = {"cpu": "processor time", "cuda": "the GPU's clock", "wall": "elapsed time"}
    clock = clocks[clock_of(target)[0]]
    write_line(f"{model.name} x{model.scale} on {target}, by {clock}")
    write_rows(("cost", "value", ""), rows, numbers=("value",))


def _slow_calls(latency: Latency) -> list[tuple[str, str, str]]:
    """What the slowest tenth of the calls took, where there are ten."""
    if latency.repeats < _FEWEST_FOR_A_TENTH:
        return []
    faster = f"nine of ten calls were faster, n = {latency.repeats}"
    return [("", f"{latency.p90_ms:.2f} ms", faster)]


def _mib(size: float | None) -> str:
    return "-" if size is None else f"{size:,.1f} MiB"
