"""`paretosr profile`: what a model costs on a target."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from paretosr.options import JsonOption, ModelArgument, ScaleOption, positive

if TYPE_CHECKING:
    from paretosr.costs import ModelProfile
    from paretosr.models import ResolvedModel
    from profilers import Target

_COMPARED = {
    "faster": "faster than",
    "slower": "slower than",
    "not distinguishable": "not distinguishable from",
}


def profile(
    model: ModelArgument,
    scale: ScaleOption = None,
    target: Annotated[
        str,
        typer.Option(
            metavar="RUNTIME[:key=value,...]", help="What to measure on; see paretosr targets."
        ),
    ] = "eager:threads=1",
    against: Annotated[
        str | None,
        typer.Option(metavar="OTHER", help="Compare with this MODEL by timing both in turn."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show which modules and operators spend the MACs.")
    ] = False,
    max_seconds: Annotated[
        float, typer.Option(callback=positive, help="Longest time for timing.")
    ] = 20.0,
    json: JsonOption = False,
) -> None:
    """Measure what MODEL costs on a target.

    Prints parameters, MACs, memory and latency. Latency is the ratio to a fixed reference
    network timed in turn, with a 95 % confidence interval, times the reference's own time on
    the target. With --against, only the two models are timed, and the answer is faster,
    slower or not distinguishable. The weights do not matter and are random.

    \b
    Examples:
      paretosr profile seemore-t --scale 2
      paretosr profile splitsr --scale 4 --target eager:threads=2,lr=90x160
      paretosr profile seemore-t --scale 4 --explain
      paretosr profile seemore-t --scale 2 --against bicubic --max-seconds 5 --json
    """
    from paretosr.models import resolve_model
    from profilers import Target

    wanted = Target.parse(target)
    resolved = resolve_model(model, scale)
    if explain and (against is not None or resolved.config is None):
        raise ValueError(
            "--explain shows the ledger of one network; leave --against and bicubic out"
        )
    if against is None:
        _profile(resolved, wanted, max_seconds, explain=explain, as_json=json)
    else:
        _compare(
            resolved, resolve_model(against, resolved.scale), wanted, max_seconds, as_json=json
        )


def _profile(
    model: "ResolvedModel", target: "Target", max_seconds: float, *, explain: bool, as_json: bool
) -> None:
    from paretosr.costs import profile_model
    from paretosr.ledger_table import ledger_as_json, write_cross_checks, write_ledger
    from paretosr.output import write_json
    from paretosr.progress import status_line
    from profilers import macs_bound

    with status_line(silent=as_json) as told:
        result = profile_model(model, target, max_seconds=max_seconds, told=told)
    ledger = macs_bound(model.config) if explain and model.config else None
    if as_json:
        explained = {"ledger": ledger_as_json(model, ledger)} if ledger else {}
        write_json({**_as_json(model, target, result), **explained})
        return
    _write_profile(model, target, result)
    if ledger:
        write_ledger(model, ledger)
    write_cross_checks(result.cross_checks, result.cross_check_side_px)


def _as_json(model: "ResolvedModel", target: "Target", profile: "ModelProfile") -> dict[str, Any]:
    """Return the profile under the names of the trial table."""
    from profilers import describe_device
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
        "device": describe_device(),
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
    ]
    if latency.prepare_seconds is not None:
        rows.append(("preparation", f"{latency.prepare_seconds:.2f} s", "before the first call"))
    if latency.max_difference is not None:
        rows.append(("difference", f"{latency.max_difference:.1e}", "largest, from eager float32"))
    clock = {"cpu": "processor time", "wall": "elapsed time"}[clock_of(target)[0]]
    write_line(f"{model.name} x{model.scale} on {target}, by {clock}")
    write_rows(("cost", "value", ""), rows, numbers=("value",))


def _mib(size: float | None) -> str:
    return "-" if size is None else f"{size:,.1f} MiB"


def _compare(
    model: "ResolvedModel",
    other: "ResolvedModel",
    target: "Target",
    max_seconds: float,
    *,
    as_json: bool,
) -> None:
    from paretosr.costs import compare_models, verdict
    from paretosr.output import write_json, write_line
    from paretosr.progress import status_line

    with status_line(silent=as_json) as told:
        told("timing in turn")
        ratio = compare_models(model, other, target, max_seconds=max_seconds)
    if as_json:
        names = {"model": model.name, "against": other.name, "scale": model.scale}
        answer = {**asdict(ratio), "verdict": verdict(ratio)}
        write_json({**names, "target": str(target), **answer})
        return
    write_line(
        f"{model.name} is {_COMPARED[verdict(ratio)]} {other.name} on {target}: it takes "
        f"{ratio.ratio:.3f} of its time, 95 % interval {ratio.ci_low:.3f} to {ratio.ci_high:.3f}"
    )
    write_line(
        f"medians {ratio.candidate_ms:.2f} and {ratio.reference_ms:.2f} ms of {ratio.repeats} pairs"
    )
