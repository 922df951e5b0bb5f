"""What a processor has for 8-bit integers, by the flags that Linux lists."""

import pytest

from profilers import InstructionSet
from profilers.agent.machine import describe_machine


@pytest.mark.parametrize(
    ("flags", "name", "saturates"),
    [
        ("avx avx2 fma f16c", "avx2", True),
        ("avx avx2 fma f16c avx_vnni", "avx2 avx_vnni", False),
        ("avx2 avx512f avx512_vnni", "avx2 avx512_vnni", False),
        ("avx2 avx512f", "avx2", True),
        ("avx2 avx512_vnni amx_int8 amx_tile", "avx2 avx512_vnni amx_int8", False),
        ("asimd asimdhp asimddp", "arm arm_dot_product", False),
        ("asimd", "arm", False),
        ("unknown", "unknown", True),
    ],
)
def test_only_x86_without_a_dot_product_saturates(flags: str, name: str, saturates: bool) -> None:
    instructions = InstructionSet.of({"cpu_instruction_sets": flags})
    assert (str(instructions), instructions.saturates) == (name, saturates)


def test_a_flag_that_begins_like_another_is_not_it() -> None:
    assert InstructionSet.of({"cpu_instruction_sets": "avx avx512f"}) == InstructionSet()


def test_this_machine_says_what_it_has() -> None:
    InstructionSet.of(describe_machine())
