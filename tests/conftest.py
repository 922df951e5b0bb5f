"""What all tests share."""

import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import hypothesis
import pytest
import torch

from blocks.networks.registry import NetworkConfig
from profilers import Calibration, Subject, Target, describe_device
from profilers.predictor import CalibrationFile, CalibrationHeader, Measurement, work_of
from search.space import SearchSpace, SeemoReSpace, SplitSRSpace

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# A deadline per example would be a timing assertion.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Tiny networks gain nothing from threads and lose much where cores are shared.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones begin first, so that no process ends alone with one of them."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tests neither find nor leave anything in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The photographs kept beside the project, which are never part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the benchmark photographs in {SHARED_DATA}, which are absent")
    return SHARED_DATA


@contextmanager
def _files_up_to(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def files_up_to() -> Callable[[int], AbstractContextManager[None]]:
    """Lets files grow to so many bytes only: the error is a full disk's, and needs no privilege."""
    return _files_up_to


@cache
def _works_of(config: NetworkConfig, target: Target) -> Mapping[str, Mapping[str, float]]:
    """Runs each variant of a network to count its work, which several tests ask for."""
    return work_of(Subject(config), target)


@dataclass(frozen=True)
class KnownCosts:
    """Stands for a machine on which every operator takes a known time: a sum over its work."""

    target = Target.parse("eager:lr=16x16")
    reference_ms = 2.0
    space = SearchSpace(
        2,
        (
            SplitSRSpace(channels=(8, 16, 24), upsampler=("one_step",), attention=("none",)),
            SeemoReSpace(channels=(8, 16), groups=(1, 2), experts=(1, 2), kernel=(5, 7)),
        ),
    )
    costs = MappingProxyType({"calls": 0.01, "MACs": 2e-7, "bytes": 1e-7})
    """Of one call, multiply-add or byte, as a part of the reference network's time."""

    def header(self) -> CalibrationHeader:
        calibration = Calibration(
            target=str(self.target),
            reference="reference-v1",
            reference_ms=self.reference_ms,
            clock="cpu",
            repeats=50,
        )
        return CalibrationHeader.of(calibration, 2, describe_device())

    def measured(self, config: NetworkConfig) -> Measurement:
        works = {variant: dict(work) for variant, work in _works_of(config, self.target).items()}
        ratios = {variant: self._ratio(work) for variant, work in works.items()}
        return Measurement(
            network=config.model_dump(mode="json"),
            latency_ratio=min(ratios.values()),
            ratios=ratios,
            works=works,
            seconds=1.0,
        )

    def file(self, path: Path, configs: Sequence[NetworkConfig]) -> CalibrationFile:
        file = CalibrationFile.created(path, self.header())
        for config in configs:
            file.append(self.measured(config))
        return file

    def _ratio(self, work: dict[str, float]) -> float:
        unit = {name: name.rpartition(", ")[2] for name in work}
        return sum(self.costs.get(unit[name], 0.0) * amount for name, amount in work.items())


@pytest.fixture(scope="session")
def known_costs() -> KnownCosts:
    """A calibration without measurements, whose right predictions are known."""
    return KnownCosts()
