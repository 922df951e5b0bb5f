"""What a model costs on a target: parameters, MACs, memory and latency."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from blocks.models import Model
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.compressing.quantising import subject_on
from paretosr.decisions import TrainedDecisions, trained_decisions
from paretosr.measuring.explanation import Explanation
from paretosr.measuring.profile_table import ProfileRecord
from paretosr.measuring.subjects import as_target, noise_warning
from paretosr.models import load
from paretosr.results import Result, Table
from profilers import (
    Bicubic,
    Calibration,
    InstructionSet,
    Latency,
    LatencyMeter,
    OtherVariant,
    RatioEstimate,
    Subject,
    Target,
    analytic_cost,
    describe_device,
    measure_peak_memory_mib,
)
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor, Prediction
from profilers.runtimes.registry import require_available, require_here
from reports.columns import (
    Clock,
    FirstMs,
    LatencyCiHighMs,
    LatencyCiLowMs,
    LatencyMs,
    LatencyRatio,
    Macs,
    P90Ms,
    Params,
    ReferenceMs,
    ReferenceSpread,
    Repeats,
    row_values,
)

# Of the time for timing, what the reference network gets.
_REFERENCE_SHARE = 0.25
_FEWEST_FOR_A_TENTH = 10
CLOCKS = {"cpu": "processor time", "cuda": "the GPU's clock", "wall": "elapsed time"}


@dataclass(frozen=True, kw_only=True, repr=False)
class Profile(Result, ProfileRecord):
    """What one model costs on one target: a row of the table that `sweep` writes, and more.

    `activation_mib`, `peak_memory_mib`, `variant`, `prepare_seconds` and `max_difference` are
    None for bicubic, which is no network.
    """

    params: Params
    macs: Macs
    latency_ms: LatencyMs
    latency_ci_low_ms: LatencyCiLowMs
    latency_ci_high_ms: LatencyCiHighMs
    latency_ratio: LatencyRatio
    first_ms: FirstMs
    p90_ms: P90Ms
    repeats: Repeats
    reference_spread: ReferenceSpread
    clock: Clock
    reference_ms: ReferenceMs
    other_variants: tuple[OtherVariant, ...]
    """What is known of the variants that were left, if the choice was free."""
    compute_probe_ms: float | None
    """What a fixed loop took meanwhile, on average; None where nothing probed."""
    copy_probe_ms: float | None
    """What a fixed copy took meanwhile, likewise."""
    device: Mapping[str, str | int]
    """The machine that measured."""
    prediction: Prediction | None = None
    """By a stored calibration, made before the measurement."""
    decisions: TrainedDecisions | None = None
    """What trained weights decide by the image; None where nothing is."""
    explanation: Explanation | None = None
    """Where the MACs go, if that was asked for."""
    over_float32: RatioEstimate | None = None
    """The time of an int8 program over that of its network in float32 on the same runtime."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            **row_values(self),
            "other_variants": [asdict(other) for other in self.other_variants],
            "compute_probe_ms": self.compute_probe_ms,
            "copy_probe_ms": self.copy_probe_ms,
            "prediction": asdict(self.prediction) if self.prediction else None,
            "device": dict(self.device),
            "decisions": self.decisions.to_dict() if self.decisions else None,
            "over_float32": asdict(self.over_float32) if self.over_float32 else None,
            **(self.explanation.to_dict() if self.explanation else {}),
        }

    def tables(self) -> Sequence[Table]:
        title = f"{self.model} x{self.scale} on {self.target}, by {CLOCKS[self.clock]}"
        costs = Table(("cost", "value", ""), tuple(self._rows()), frozenset({"value"}), title)
        return costs, *(table for part in self._parts() for table in part.tables())

    def sentences(self) -> Sequence[str]:
        of_parts = [sentence for part in self._parts() for sentence in part.sentences()]
        return [*self._gain_of_int8(), *of_parts]

    def _gain_of_int8(self) -> list[str]:
        times = self.over_float32
        if times is None:
            return []
        verdict = "faster" if times.ci_high < 1 else "not faster"
        instructions = InstructionSet.of(self.device)
        return [
            f"int8 is {verdict} than float32 on this instruction set ({instructions}): it takes "
            f"{times.ratio:.3f} of the time on {self.runtime}, 95 % interval {times.ci_low:.3f} to "
            f"{times.ci_high:.3f}"
        ]

    def _parts(self) -> list[Result]:
        return [part for part in (self.decisions, self.explanation) if part is not None]

    def _rows(self) -> list[tuple[str, str, str]]:
        interval = f"{self.latency_ci_low_ms:.2f} to {self.latency_ci_high_ms:.2f}"
        rows = [
            ("parameters", f"{self.params:,}", ""),
            ("MACs", f"{self.macs / 1e9:,.2f} G", "for an output of 1280x720, the costliest path"),
            ("activations", _mib(self.activation_mib), "largest set of live ones, float32"),
            ("peak memory", _mib(self.peak_memory_mib), "of a forward pass, beyond the weights"),
            ("latency", f"{self.latency_ms:.2f} ms", f"95 % interval {interval} ms"),
        ]
        if (predicted := self.prediction) is not None:
            likely = f"90 % interval {predicted.ci_low_ms:.2f} to {predicted.ci_high_ms:.2f} ms"
            rows.append(("predicted latency", f"{predicted.latency_ms:.2f} ms", likely))
        rows.append(("", f"{self.latency_ratio:.3f}", "as a multiple of the reference network"))
        if self.repeats >= _FEWEST_FOR_A_TENTH:
            faster = f"nine of ten calls were faster, n = {self.repeats}"
            rows.append(("", f"{self.p90_ms:.2f} ms", faster))
        rows += [
            ("", f"{self.first_ms:.2f} ms", "first call"),
            ("", f"{self.reference_spread:.1%}", "spread of the reference network's calls"),
        ]
        if self.quiet_share is not None:
            quiet = "of the ratios that count were measured while the machine was quiet"
            rows.append(("", f"{self.quiet_share:.0%}", quiet))
        if self.prepare_seconds is not None:
            rows.append(("preparation", f"{self.prepare_seconds:.2f} s", "before the first call"))
        if self.max_difference is not None:
            difference = f"{self.max_difference:.1e}"
            rows.append(("difference", difference, "largest, from eager float32"))
        if self.variant is not None:
            measured = f"{self.latency_ms:.2f} ms, the variant that was measured"
            rows.append(("variant", self.variant, measured))
        for other in self.other_variants:
            found = (
                str(other.reason)
                if other.ratio is None
                else f"about {other.ratio * self.latency_ms:.2f} ms, {other.ratio:.2f} times as "
                f"long as {self.variant}"
            )
            rows.append(("", other.name, found))
        return rows


def profile(
    model: Model | str | Path,
    target: Target | str = "eager",
    *,
    variant: str | None = None,
    calibration_images: str | Path = BUNDLED,
    max_seconds: float = 20.0,
    calibration: Path | str | None = None,
    explain: bool = False,
    data: Path | str = BUNDLED,
    figure: Path | str | None = None,
    listener: Listener = SILENT,
) -> Profile:
    """Return what `model` costs on `target`: parameters, MACs, memory and latency.

    Latency is measured as a multiple of a reference network's, which is timed at the same moments,
    and turned into milliseconds by that network's own time on the target. A model with weights is
    measured with them, any other with random ones: they matter only where a network decides by
    the image what to compute.

    Args:
        model: a model, or what `load` takes without a scale.
        target: RUNTIME[:key=value,...], such as "openvino:threads=2,lr=180x320"; `targets()`
            lists the runtimes.
        variant: in which the network is computed; None for the fastest on the target.
        calibration_images: folder of training images, or "bundled", by which a model that is not
            quantised is quantised first if the target has precision=int8.
        max_seconds: for timing. Making the network ready comes on top.
        calibration: a file that `calibrate` wrote. Its time of the reference network is used, and
            the latency predicted as well, or the listener hears why not.
        explain: also show which modules and operators spend the MACs, and what fvcore and thop
            count, which takes seconds.
        data: folder of images, or "bundled" for three photographs that scikit-image contains;
            what trained weights decide is told of these.
        figure: file for a figure of it, of the format its suffix names: of SeemoRe the experts
            that each layer chooses, of SMSR the masks over the first three images.
        listener: hears what is being measured, and of a noisy machine.

    Raises:
        ValueError: the model, target or calibration is not valid, the target is missing here, its
            input is too small for the network, or there is no such variant; there is no figure of
            what the model decides.
        OSError: a file cannot be read.
        ProfilingFailed: a measuring process died or could not run the network. It is a
            RuntimeError.

    Examples:
        >>> import paretosr as psr
        >>> net = psr.load("fsrcnn", scale=4)
        >>> cost = psr.profile(net, "eager:lr=24x32", max_seconds=1)
        >>> cost.params, cost.macs
        (12644, 717926400)
        >>> cost.latency_ci_low_ms <= cost.latency_ms <= cost.latency_ci_high_ms
        True
    """
    resolved, wanted = load(model, listener=listener), as_target(target)
    require_available(wanted)
    subject = subject_on(
        resolved, wanted, variant, calibration_images=calibration_images, listener=listener
    )
    stored = None if calibration is None else CalibrationFile(Path(calibration))
    drawn = None if figure is None else Path(figure)
    decisions = trained_decisions(resolved, str(data), drawn, listener)
    if subject is not None:
        measured = _of_network(resolved, subject, wanted, max_seconds, stored, listener)
    elif explain:
        raise ValueError("explain shows what spends a network's MACs, and bicubic has none")
    else:
        measured = _of_bicubic(resolved, wanted, max_seconds, listener)
    if (noise := noise_warning(measured.reference_spread, measured.quiet_share)) is not None:
        listener.warning(noise)
    measured = replace(measured, decisions=decisions)
    if explain and resolved.config is not None:
        listener.status("counting MACs with fvcore and thop")
        measured = replace(measured, explanation=Explanation.of(resolved.config))
    return measured


def _of_network(
    model: Model,
    subject: Subject,
    target: Target,
    max_seconds: float,
    stored: CalibrationFile | None,
    listener: Listener,
) -> Profile:
    listener.status("counting")
    cost = analytic_cost(subject.config, target)
    listener.status("timing")
    with LatencyMeter(target) as meter:
        device = meter.describe_device()
        prediction = _predicted(stored, subject, target, device, listener) if stored else None
        if stored and not stored.header.misfit(target, stored.header.scale, device):
            calibration = stored.header.calibration
        else:
            calibration = meter.calibrate(max_seconds * _REFERENCE_SHARE)
        latency = meter.measure(
            subject, calibration, max_seconds=max_seconds * (1 - _REFERENCE_SHARE)
        )
        over_float32 = None
        if subject.program is not None:
            listener.status("timing int8 and float32")
            over_float32 = meter.compare_with_float32(subject, max_seconds=max_seconds).estimate
    listener.status("measuring memory")
    timed = subject if subject.program else replace(subject, variant=latency.variant)
    peak_memory_mib = measure_peak_memory_mib(timed, target)
    record = replace(
        ProfileRecord.failed(model, target).with_costs(cost), peak_memory_mib=peak_memory_mib
    )
    profiled = _profile(record, latency, calibration, device, prediction)
    return replace(profiled, over_float32=over_float32)


def _of_bicubic(model: Model, target: Target, max_seconds: float, listener: Listener) -> Profile:
    require_here(target)
    listener.status("timing")
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds * _REFERENCE_SHARE)
        latency = meter.measure(
            Bicubic(model.scale), calibration, max_seconds=max_seconds * (1 - _REFERENCE_SHARE)
        )
    record = replace(ProfileRecord.failed(model, target), params=0, macs=0)
    return _profile(record, latency, calibration, describe_device())


def _profile(
    record: ProfileRecord,
    latency: Latency,
    calibration: Calibration,
    device: Mapping[str, str | int],
    prediction: Prediction | None = None,
) -> Profile:
    measured = replace(
        record.with_costs(latency),
        state="measured",
        clock=calibration.clock,
        reference_ms=calibration.reference_ms,
    )
    return Profile(
        **row_values(measured),
        other_variants=latency.other_variants,
        compute_probe_ms=latency.compute_probe_ms,
        copy_probe_ms=latency.copy_probe_ms,
        device=device,
        prediction=prediction,
    )


def _predicted(
    stored: CalibrationFile,
    subject: Subject,
    target: Target,
    device: Mapping[str, str | int],
    listener: Listener,
) -> Prediction | None:
    try:
        return LatencyPredictor.load(stored).predict(subject, target, device)
    except CannotPredict as reason:
        listener.warning(f"measured, not predicted: {reason}")
        return None


def _mib(size: float | None) -> str:
    return "-" if size is None else f"{size:,.1f} MiB"
