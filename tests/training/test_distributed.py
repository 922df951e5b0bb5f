import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from blocks import load_network
from training.distributed import Processes, joined_processes

# Run once by each process that torchrun starts, and once alone.
SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from test_loop import RECIPE, make_network, make_patches
from blocks import save_checkpoint
from training import train
from training.distributed import joined_processes

teacher = make_network()
path = Path(sys.argv[1] + "-teacher.safetensors")
with joined_processes("cpu") as (processes, device):
    save_checkpoint(path, teacher.state_dict(), teacher.config, {{}})
    recipe = RECIPE.replace(batch_size=4, learning_rate=4e-4, teacher=str(path))
    train(make_network(), make_patches(recipe=recipe), recipe, steps=6, device=device,
          processes=processes, checkpoint_folder=Path(sys.argv[1]))
"""


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(tests=str(Path(__file__).parent)))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    together, alone = tmp_path / "together", tmp_path / "alone"
    subprocess.run(
        [*torchrun, "--nproc-per-node", "2", script, together], env=environment, check=True
    )
    subprocess.run([sys.executable, script, alone], env=environment, check=True)
    assert [path.name for path in together.iterdir()] == ["model.safetensors"]
    expected = load_network(alone / "model.safetensors").state_dict()
    for name, weight in load_network(together / "model.safetensors").state_dict().items():
        torch.testing.assert_close(weight, expected[name], rtol=0, atol=1e-5)


# Forks the processes, so that torch is imported once for all of them.
BALANCE_SCRIPT = """
import os
import socket
import sys
import torch
from torch import multiprocessing
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from test_registry import CLASSSR, batch, seeded
from training.distributed import joined_processes, shared_by_processes
from training.objectives.registry import objective_for
from training.recipes.registry import get_recipe

def judge(rank, count, folder):
    os.environ |= {{"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}}
    low, high = batch(96)
    # Every eighth patch is as bright, so that no process sees what the others see.
    low *= torch.linspace(0, 1, 8).repeat(12)[:, None, None, None]
    with joined_processes("cpu") as (processes, _):
        network = seeded(CLASSSR)
        with torch.no_grad():
            for weight in network.classifier.parameters():
                weight *= 10
        recipe = get_recipe("classsr-joint").with_settings({{"routing.average_weight": 300}})
        objective = objective_for(network, recipe, processes)
        if count > 1:
            objective = shared_by_processes(objective)
        loss = objective(low[rank::count], high[rank::count], 0.0)
        loss.total.backward()
        gradients = {{name: weight.grad for name, weight in network.named_parameters()}}
        outcome = (loss.total.detach(), loss.parts, gradients)
        torch.save(outcome, f"{{folder}}/{{count}}-{{rank}}.pt")

if __name__ == "__main__":
    for count in (1, 2, 8):
        with socket.create_server(("localhost", 0)) as free:
            port = free.getsockname()[1]
        os.environ |= {{"MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}}
        multiprocessing.start_processes(
            judge, args=(count, sys.argv[1]), nprocs=count, start_method="fork"
        )
"""


def test_the_balance_of_a_batch_is_that_of_all_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(BALANCE_SCRIPT.format(tests=str(Path(__file__).parent / "objectives")))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, script, tmp_path], env=environment, check=True)
    (whole, parts, gradients), *_ = _outcomes(tmp_path, 1)
    for count in (2, 8):
        outcomes = _outcomes(tmp_path, count)
        torch.testing.assert_close(torch.stack([total for total, *_ in outcomes]).mean(), whole)
        for _, own_parts, own_gradients in outcomes:
            torch.testing.assert_close(own_parts["average_loss"], parts["average_loss"])
            torch.testing.assert_close(own_gradients, gradients, rtol=1e-4, atol=1e-5)


def _outcomes(
    folder: Path, count: int
) -> list[tuple[Tensor, dict[str, Tensor], dict[str, Tensor]]]:
    """The loss, its parts and the gradients that each of so many processes had."""
    return [torch.load(folder / f"{count}-{rank}.pt") for rank in range(count)]


def test_without_torchrun_a_process_is_alone() -> None:
    with joined_processes("cpu") as (processes, device):
        assert (processes, device) == (Processes(0, 1), "cpu")
        assert processes.agreed("float32") == "float32"


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match=r"multiple of the 2 processes .* got 3"):
        Processes(0, 2).check_share(3)
