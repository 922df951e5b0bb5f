"""What each operator costs: a table of pure functions from shapes to MACs.

To teach the ledger an operator, add one line to `MACS` (what multiplies) or `FREE` (what does
not); views and operators that PyTorch tags as pointwise are free without being listed.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch._ops import HigherOrderOperator

from profilers.counting.meta import Operator
from profilers.counting.packed_operators import PACKED
from profilers.counting.packed_operators import MacHandler as MacHandler


def operator_name(func: Operator | HigherOrderOperator) -> str:
    """Return the name without its overload, as 'aten.convolution'."""
    if isinstance(func, HigherOrderOperator):
        return str(func._name)
    return func._schema.name.replace("::", ".")


def shapes_of(value: object) -> Any:
    """Return `value` with each tensor, also inside lists and tuples, replaced by its shape."""
    if isinstance(value, torch.Tensor):
        return value.shape
    if isinstance(value, (list, tuple)):
        return [shapes_of(part) for part in value]
    return value


def convolution(args: Sequence[Any], output: Any) -> int:
    """Every output position (every input position if transposed) meets the kernel once."""
    images, weight, transposed = args[0], args[1], args[6]
    return int(prod(images if transposed else output) * prod(weight[1:]))


def matrix_product(left: Sequence[int], right: Sequence[int]) -> int:
    """(..., m, k) x (..., k, n), or a vector on the right."""
    return prod(left) * (right[-1] if len(right) > 1 else 1)


def attention(args: Sequence[Any], _output: Any) -> int:
    """query (..., heads, T, D), key (..., S, D), value (..., S, V): T x S x (D + V) per head."""
    query, key, value = args[:3]
    return int(prod(query[:-1]) * key[-2] * (query[-1] + value[-1]))


def multi_head_attention(args: Sequence[Any], _output: Any) -> int:
    """Fast path of nn.MultiheadAttention, batch first: projections, two products, projection."""
    (batch, queries, width), (_, keys, _) = args[0], args[1]
    projections = 2 * (queries + keys) * width * width
    return int(batch * (projections + 2 * queries * keys * width))


def transformer_encoder_layer(args: Sequence[Any], _output: Any) -> int:
    """Fast path of nn.TransformerEncoderLayer: self-attention and two linear layers."""
    source, first_weight = args[0], args[14]
    feed_forward = int(2 * prod(source[:-1]) * prod(first_weight))
    return multi_head_attention((source, source, source), None) + feed_forward


def convolution_over_time(args: Sequence[Any], output: Any) -> int:
    """torch.conv_tbc: images (T, B, C), weight (kernel, C, D), output (T', B, D)."""
    return int(prod(output) * prod(args[1][:2]))


def recurrent_layer(args: Sequence[Any], _output: Any) -> int:
    """One layer and direction, as oneDNN runs it: both weights at every step of (T, B, C)."""
    steps, input_weight, hidden_weight = args[:3]
    return int(prod(steps[:2]) * (prod(input_weight) + prod(hidden_weight)))


def _product_of(left: int, right: int) -> MacHandler:
    return lambda args, _output: matrix_product(args[left], args[right])


MACS: Mapping[str, MacHandler] = {
    "aten.convolution": convolution,
    "aten._convolution": convolution,
    "aten.mm": _product_of(0, 1),
    "aten.bmm": _product_of(0, 1),
    "aten.mv": _product_of(0, 1),
    "aten.dot": _product_of(0, 1),
    "aten.vdot": _product_of(0, 1),
    "aten._int_mm": _product_of(0, 1),
    "aten._scaled_mm": _product_of(0, 1),
    "aten.addmm": _product_of(1, 2),
    "aten.addmm_": _product_of(1, 2),
    "aten._addmm_activation": _product_of(1, 2),
    "aten.addmv": _product_of(1, 2),
    "aten.addbmm": _product_of(1, 2),
    "aten.baddbmm": _product_of(1, 2),
    "aten.baddbmm_": _product_of(1, 2),
    "aten._scaled_dot_product_flash_attention_for_cpu": attention,
    "aten._scaled_dot_product_flash_attention": attention,
    "aten._scaled_dot_product_efficient_attention": attention,
    "aten._scaled_dot_product_cudnn_attention": attention,
    "aten._scaled_dot_product_fused_attention_overrideable": attention,
    "aten._native_multi_head_attention": multi_head_attention,
    "aten._transformer_encoder_layer_fwd": transformer_encoder_layer,
    "flex_attention": attention,
    "aten.conv_tbc": convolution_over_time,
    "aten.mkldnn_rnn_layer": recurrent_layer,
    **PACKED,
}

_CREATION = """empty empty_like empty_strided new_empty new_empty_strided zeros zeros_like new_zeros
    ones ones_like new_ones full full_like new_full arange linspace eye scalar_tensor lift_fresh
    rand rand_like randn randn_like randint randperm bernoulli bernoulli_ uniform_ normal_
    exponential_ normal poisson multinomial
    native_dropout tril triu tril_ triu_ one_hot hann_window hamming_window diag_embed"""
_COPIES = """_to_copy copy_ clone cat stack _unsafe_view _reshape_copy constant_pad_nd
    reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d pixel_shuffle
    pixel_unshuffle channel_shuffle native_channel_shuffle roll flip repeat im2col col2im
    unsafe_split unsafe_chunk split_with_sizes_copy _pad_circular repeat_interleave fill_ zero_
    resize_ resize_as_ set_ _local_scalar_dense rot90 slice_scatter select_scatter diagonal_scatter
    as_strided_ squeeze_ unsqueeze_ t_ transpose_ detach_ to_mkldnn _to_dense _to_sparse
    mkldnn_reorder_conv2d_weight quantize_per_tensor quantize_per_tensor_dynamic
    quantize_per_channel dequantize fake_quantize_per_tensor_affine_cachemask
    fake_quantize_per_channel_affine_cachemask"""
_INDEXING = """index index_select index_put index_put_ _unsafe_index gather scatter scatter_
    scatter_add scatter_add_ scatter_reduce index_add index_add_ index_copy index_copy_ masked_fill
    masked_fill_ masked_select masked_scatter nonzero take embedding _embedding_bag where topk sort
    argsort kthvalue bincount histc searchsorted bucketize unique_dim _unique2 take_along_dim"""
_REDUCTIONS = """sum mean var var_mean std std_mean amax amin aminmax max min argmax argmin prod
    any all cumsum cumprod cummax cummin linalg_cross logsumexp norm linalg_vector_norm
    count_nonzero equal median nansum"""
_NORMALISATION = """native_layer_norm native_group_norm native_batch_norm
    _native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_with_update
    _batch_norm_no_update cudnn_batch_norm instance_norm _fused_rms_norm _weight_norm_interface
    _softmax _log_softmax _safe_softmax"""
_ACTIVATION = """prelu _prelu_kernel glu rrelu_with_noise hardswish hardswish_
    log_sigmoid_forward"""
_RESAMPLING = """fractional_max_pool2d avg_pool1d avg_pool2d avg_pool3d
    max_pool2d_with_indices max_pool3d_with_indices _adaptive_avg_pool2d _adaptive_avg_pool3d
    adaptive_max_pool2d upsample_nearest1d upsample_nearest2d upsample_nearest3d
    _upsample_nearest_exact2d upsample_linear1d
    upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d _upsample_bilinear2d_aa
    _upsample_bicubic2d_aa grid_sampler_2d grid_sampler_3d affine_grid_generator"""

_DECOMPOSED = """quantize_per_tensor dequantize_per_tensor quantize_per_channel
    dequantize_per_channel choose_qparams"""

FREE: frozenset[str] = frozenset(
    f"aten.{name}"
    for group in (
        _CREATION, _COPIES, _INDEXING, _REDUCTIONS, _NORMALISATION, _ACTIVATION, _RESAMPLING,
    )
    for name in group.split()
) | {
    "profiler._record_function_enter_new", "profiler._record_function_exit",
    *(f"quantized_decomposed.{name}" for name in _DECOMPOSED.split()),
}  # fmt: skip


def is_free(func: Operator | HigherOrderOperator) -> bool:
    """Whether an operator multiplies nothing together: declared, a view, or element-wise."""
    if isinstance(func, HigherOrderOperator):
        return False
    return operator_name(func) in FREE or func.is_view or torch.Tag.pointwise in func.tags
