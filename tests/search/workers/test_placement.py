"""How many workers there are, by the cores and GPUs of a machine."""

from pathlib import Path
from typing import Any

import pytest

from search.config import SearchConfig
from search.workers.placement import check_workers, environments, workers_of


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr("search.workers.placement.CGROUPS", tmp_path)

    def of(cores: int = 8, gpus: int = 0, visible: str | None = None) -> None:
        monkeypatch.setattr("search.workers.placement.usable_cores", lambda: cores)
        monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
        if visible is None:
            monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        else:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    return of


def config(small_search: dict[str, Any], workers: Any = None, **training: Any) -> SearchConfig:
    return SearchConfig.model_validate({**small_search, "workers": workers, "training": training})


@pytest.mark.parametrize(
    ("cores", "threads", "workers"), [(8, 1, 8), (8, 3, 2), (2, 1, 2), (2, 4, 1), (1, 1, 1)]
)
def test_by_default_the_cores_are_shared_out(
    small_search: Any, machine: Any, cores: int, threads: int, workers: int
) -> None:
    machine(cores)
    assert workers_of(config(small_search, threads=threads)) == workers


@pytest.mark.parametrize(
    ("files", "workers"),
    [
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu.max": "6400000 100000\n"}, 8),
    ],
)
def test_a_container_gets_no_more_than_its_share_of_the_cores(
    small_search: Any, machine: Any, tmp_path: Path, files: dict[str, str], workers: int
) -> None:
    machine(cores=8)
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    assert workers_of(config(small_search)) == workers


def test_the_config_may_name_fewer_and_not_more(small_search: Any, machine: Any) -> None:
    machine(cores=4)
    assert workers_of(config(small_search, 3)) == 3
    with pytest.raises(ValueError, match=r"workers must be at most 4 .*4 usable cores.*got 5"):
        workers_of(config(small_search, 5))
    with pytest.raises(ValueError, match=r"at most 2 .*training.threads 2 .*got 3"):
        check_workers(3, config(small_search, threads=2))


def test_each_gpu_has_one_worker_unless_the_config_puts_more_on_it(
    small_search: Any, machine: Any
) -> None:
    machine(gpus=2)
    assert workers_of(config(small_search, device="cuda")) == 2
    assert workers_of(config(small_search, {"per_device": 3}, device="cuda")) == 6
    with pytest.raises(ValueError, match=r"at most 2 .*2 CUDA devices, 1 on each.*per_device"):
        workers_of(config(small_search, 4, device="cuda"))


def test_workers_take_turns_on_the_gpus_that_may_be_used(small_search: Any, machine: Any) -> None:
    per_device = config(small_search, {"per_device": 2}, device="cuda")
    for visible, devices in ((None, ["0", "1"]), ("3,5", ["3", "5"])):
        machine(gpus=2, visible=visible)
        found = [it["CUDA_VISIBLE_DEVICES"] for it in environments(per_device, 4)]
        assert found == devices * 2


def test_a_worker_on_the_cpu_gets_its_threads(small_search: Any, machine: Any) -> None:
    machine(cores=4)
    assert environments(config(small_search, threads=2), 2) == [{"OMP_NUM_THREADS": "2"}] * 2
