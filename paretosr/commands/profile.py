"""`paretosr profile`: what a model costs on a target."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paretosr.options import (
    FormOption,
    JsonOption,
    OptionalModelArgument,
    ScaleOption,
    positive,
)

if TYPE_CHECKING:
    from paretosr.costs import ModelProfile
    from paretosr.models import ResolvedModel
    from profilers import Target
    from profilers.predictor import CalibrationFile


def profile(
    model: OptionalModelArgument = None,
    scale: ScaleOption = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="[ssh://HOST/]RUNTIME[:key=value,...]",
            help="What to measure on; see paretosr targets. With --all, RUNTIME may be all. "
            "[default: eager, with --all: all]",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="OTHER", help="Compare with this MODEL by timing both in turn."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which modules and operators spend the MACs.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Profile every network of the catalogue.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --all: the table to write, or to go on with if it exists."
        ),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Longest time for timing; with --all for a network on a target in all. "
            "[default: 20, with --all: 300]",
        ),
    ] = None,
    form: FormOption = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Predict the latency too, by what paretosr calibrate wrote."
        ),
    ] = None,
    sustained: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            callback=positive,
            help="Run MODEL this long without a pause and show how much slower its calls become.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Measure what MODEL costs on a target.

    Prints parameters, MACs, memory and latency. Latency is the ratio to a fixed reference
    network timed in turn, with a 95 % confidence interval, times the reference's own time on
    the target. With --against, only the two models are timed, and the answer is faster,
    slower or not distinguishable. With --sustained, the network runs without a pause, and its
    last calls are compared with its first: a device that gets warm clocks down. A MODEL with
    weights is measured with them, any other with random ones: they matter only where a network
    decides by the image what to compute.

    With --all and no MODEL, every network of the catalogue (at one --scale, if given) is
    profiled on every runtime of this machine. Each becomes a row of the CSV file as soon as it
    is measured. What crashes, hangs or is not supported gets a row that says so. A second call
    goes on after the last row; remove a row from the file to measure it again.

    A target on another machine, ssh://USER@HOST/RUNTIME, measures the exported network there;
    see paretosr targets --help for what that machine needs.

    \b
    Examples:
      paretosr profile seemore-t --scale 2
      paretosr profile splitsr --scale 4 --target eager:threads=2,lr=90x160
      paretosr profile seemore-t --scale 4 --target ssh://me@board/onnxruntime:threads=4
      paretosr profile seemore-t --scale 4 --explain
      paretosr profile seemore-t --scale 2 --against bicubic --max-seconds 5 --json
      paretosr profile seemore-t --scale 2 --sustained 120
      paretosr profile --all --csv profiles.csv
      paretosr profile --all --csv profiles.csv --scale 2 --target all:threads=2,lr=90x160
    """
    alone = against or explain or form or calibration or sustained
    modes = (against, calibration, sustained)
    if every and csv is not None and model is None and not alone:
        from paretosr.profiling_all import profile_all

        profile_all(csv, scale, target or "all", max_seconds=max_seconds or 300.0, as_json=json)
    elif model is None or every or csv is not None or sum(map(bool, modes)) > 1:
        raise ValueError(
            "give a MODEL to profile it, or --all with --csv FILE to profile every network; "
            "--against, --calibration and --sustained exclude each other, and --all takes none "
            "of them, nor --form or --explain"
        )
    elif sustained is not None:
        if explain or max_seconds:
            raise ValueError(
                "--sustained only times MODEL, as long as it says; leave --explain and "
                "--max-seconds out"
            )
        from paretosr.models import resolve_model
        from paretosr.timed_models import write_sustained
        from profilers import Target

        resolved, wanted = resolve_model(model, scale), Target.parse(target or "eager")
        write_sustained(resolved, wanted, form, sustained, as_json=json)
    else:
        _profile_model(
            model,
            scale,
            target or "eager",
            against,
            max_seconds or 20.0,
            form=form,
            calibration=calibration,
            explain=explain,
            as_json=json,
        )


def _profile_model(
    name: str,
    scale: int | None,
    target: str,
    against: str | None,
    max_seconds: float,
    *,
    form: str | None,
    calibration: Path | None,
    explain: bool,
    as_json: bool,
) -> None:
    from paretosr.models import resolve_model
    from paretosr.timed_models import write_compared
    from profilers import Target
    from profilers.predictor import CalibrationFile

    wanted = Target.parse(target)
    resolved = resolve_model(name, scale)
    if explain and (against is not None or resolved.config is None):
        raise ValueError(
            "--explain shows the ledger of one network; leave --against and bicubic out"
        )
    if against is None:
        stored = None if calibration is None else CalibrationFile(calibration)
        _profile(resolved, wanted, form, max_seconds, stored, explain=explain, as_json=as_json)
    else:
        other = resolve_model(against, resolved.scale)
        write_compared(resolved, other, wanted, form, max_seconds, as_json=as_json)


def _profile(
    model: "ResolvedModel",
    target: "Target",
    form: str | None,
    max_seconds: float,
    stored: "CalibrationFile | None",
    *,
    explain: bool,
    as_json: bool,
) -> None:
    from paretosr.costs import disturbance, profile_model
    from paretosr.ledger_table import ledger_as_json, write_cross_checks, write_ledger
    from paretosr.output import write_json, write_note
    from paretosr.progress import status_line
    from profilers import macs_bound

    with status_line(silent=as_json) as told:
        result = profile_model(
            model,
            target,
            form=form,
            max_seconds=max_seconds,
            told=told,
            stored=stored,
            notice=write_note,
        )
    ledger = macs_bound(model.config) if explain and model.config else None
    if as_json:
        explained = {"ledger": ledger_as_json(model, ledger)} if ledger else {}
        write_json({**_as_json(model, target, result), **explained})
        return
    _write_profile(model, target, result)
    if (note := disturbance(result.latency.reference_spread)) is not None:
        write_note(note)
    if ledger:
        write_ledger(model, ledger)
    write_cross_checks(result.cross_checks, result.cross_check_side_px)


def _as_json(model: "ResolvedModel", target: "Target", profile: "ModelProfile") -> dict[str, Any]:
    """Return the profile under the names of the trial table."""
    from profilers.clock import clock_of

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
        "cross_checks": [asdict(check) for check in profile.cross_checks],
        "cross_check_side_px": profile.cross_check_side_px,
        "clock": clock_of(target)[0],
        "source": "measured",
        "prediction": asdict(profile.prediction) if profile.prediction else None,
        "device": profile.device,
    }


def _write_profile(model: "ResolvedModel", target: "Target", profile: "ModelProfile") -> None:
    from paretosr.output import write_line, write_rows
    from profilers.clock import clock_of

    latency = profile.latency
    interval = f"{latency.latency_ci_low_ms:.2f} to {latency.latency_ci_high_ms:.2f}"
    rows = [
        ("parameters", f"{profile.params:,}", ""),
        ("MACs", f"{profile.macs / 1e9:,.2f} G", "for an output of 1280x720, all paths"),
        ("activations", _mib(profile.activation_mib), "largest set of live ones, float32"),
        ("peak memory", _mib(profile.peak_memory_mib), "of a forward pass, beyond the weights"),
        ("latency", f"{latency.latency_ms:.2f} ms", f"95 % interval {interval} ms"),
        ("", f"{latency.latency_ratio:.3f}", "as a multiple of the reference network"),
        ("", f"{latency.p90_ms:.2f} ms", f"nine of ten calls were faster, n = {latency.repeats}"),
        ("", f"{latency.first_ms:.2f} ms", "first call"),
        ("", f"{latency.reference_spread:.1%}", "spread of the reference network's calls"),
    ]
    if (predicted := profile.prediction) is not None:
        likely = f"90 % interval {predicted.ci_low_ms:.2f} to {predicted.ci_high_ms:.2f} ms"
        rows.insert(5, ("predicted latency", f"{predicted.latency_ms:.2f} ms", likely))
    if latency.prepare_seconds is not None:
        rows.append(("preparation", f"{latency.prepare_seconds:.2f} s", "before the first call"))
    if latency.max_difference is not None:
        rows.append(("difference", f"{latency.max_difference:.1e}", "largest, from eager float32"))
    if latency.form not in (None, "plain"):
        rows.append(("form", str(latency.form), "in which the network was measured"))
    for other in latency.other_forms:
        slower = f"takes {other.ratio:.2f} times as long" if other.ratio else str(other.reason)
        rows.append(("", other.name, slower))
    clock = {"cpu": "processor time", "wall": "elapsed time"}[clock_of(target)[0]]
    write_line(f"{model.name} x{model.scale} on {target}, by {clock}")
    write_rows(("cost", "value", ""), rows, numbers=("value",))


def _mib(size: float | None) -> str:
    return "-" if size is None else f"{size:,.1f} MiB"
