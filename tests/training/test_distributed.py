import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

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
from training import train
from training.distributed import joined_processes

with joined_processes("cpu") as (processes, device):
    recipe = RECIPE.replace(batch_size=4, learning_rate=4e-4)
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


def test_without_torchrun_a_process_is_alone() -> None:
    with joined_processes("cpu") as (processes, device):
        assert (processes, device) == (Processes(0, 1), "cpu")
        assert processes.agreed("float32") == "float32"


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(ValueError, match=r"multiple of the 2 processes .* got 3"):
        Processes(0, 2).check_share(3)
