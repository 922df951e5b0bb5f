"""What each operator costs: a table of pure functions from shapes to MACs.

To teach the ledger an operator, add one line to `MACS` (what multiplies) or `FREE` (what does
not); views and operators that PyTorch tags as pointwise are free without being listed.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch._ops import HigherOrderOperator

from profilers.counting.meta_device import Operator
from profilers.counting.operands import SparseShape
from profilers.counting.packed_operators import PACKED
from profilers.counting.packed_operators import MacHandler as MacHandler


def operator_name(func: Operator | HigherOrderOperator) -> str:
    """Return the name without its overload, as 'aten.convolution'."""
    if isinstance(func, HigherOrderOperator):
        return str(func._name)
    return func._schema.name.replace("::", ".")


def convolution(args: Sequence[Any], output: Any) -> int:
    """Every output position (every input position if transposed) meets the kernel once."""
    images, weight, transposed = args[0], args[1], args[6]
    return int(prod(images if transposed else output) * prod(weight[1:]))


def plain_convolution(args: Sequence[Any], output: Any) -> int:
    """One that is known not to be transposed, the weight second."""
    return int(prod(output) * prod(args[1][1:]))


def plain_transposed_convolution(args: Sequence[Any], _output: Any) -> int:
    """One that is known to be transposed, the weight second."""
    return int(prod(args[0]) * prod(args[1][1:]))


def matrix_product(left: Sequence[int], right: Sequence[int]) -> int:
    """(..., m, k) x (..., k, n), or a vector on the right.

    A number that a sparse operand stores meets a row or a column of a dense one, and of another
    sparse one what is stored there.
    """
    columns = right[-1] if len(right) > 1 else 1
    if isinstance(left, SparseShape) and isinstance(right, SparseShape):
        return int(left.stored_along(1) @ right.stored_along(0))
    if isinstance(left, SparseShape):
        return left.stored * columns
    if isinstance(right, SparseShape):
        return right.stored * left[-2]
    return prod(left) * columns


def sampled_product(args: Sequence[Any], _output: Any) -> int:
    """(m, k) x (k, n) where a sparse matrix (m, n) stores numbers, and nowhere else."""
    pattern, left = args[:2]
    return int(pattern.stored * left[-1])


def outer_product(args: Sequence[Any], _output: Any) -> int:
    """A vector (m) times a vector (n), added to a matrix."""
    return int(prod(args[1]) * prod(args[2]))


def grouped_product(args: Sequence[Any], _output: Any) -> int:
    """Products of several sizes: a side that the groups share out has no dimension for them."""
    left, right = args[:2]
    if len(left) == 3 and len(right) == 2:
        return int(left[1] * prod(right))
    return int(prod(left) * right[-1])


def packed_product(args: Sequence[Any], output: Any) -> int:
    """(..., k) x (k, n), of whose right side the result alone tells the size."""
    return int(prod(args[0]) * output[-1])


def bilinear(args: Sequence[Any], _output: Any) -> int:
    """A product of three over all their indices: of the first two, then of that and the third.

    Each operand lacks the indices at which it is expanded; those that are summed and that the
    third lacks are gone before it is met.
    """
    operands, expanded, summed = args[:3], args[3:6], args[6]
    sizes = dict.fromkeys(range(len(operands[0]) + len(expanded[0])), 1)
    held = []
    for shape, missing in zip(operands, expanded, strict=True):
        held.append([index for index in sizes if index not in missing])
        sizes.update({i: max(sizes[i], side) for i, side in zip(held[-1], shape, strict=True)})
    first = {*held[0], *held[1]}
    second = {i for i in first if i not in summed or i in held[2]} | set(held[2])
    return sum(prod(sizes[index] for index in step) for step in (first, second))


def weighted_bags(args: Sequence[Any], _output: Any) -> int:
    """Rows of a table (n, D), each with a weight of its own, summed; sums without are free."""
    weights = args[6] if len(args) > 6 else None
    return 0 if weights is None else int(prod(weights) * args[0][-1])


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


def recurrent_layers(args: Sequence[Any], _output: Any) -> int:
    """All layers and directions, as cuDNN runs them: every matrix at every step (..., C)."""
    steps, weights = args[:2]
    return int(prod(steps[:-1]) * sum(prod(weight) for weight in weights if len(weight) == 2))


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
    "aten.addmv_": _product_of(1, 2),
    "aten.addr": outer_product,
    "aten.addr_": outer_product,
    "aten.addbmm": _product_of(1, 2),
    "aten.addbmm_": _product_of(1, 2),
    "aten.baddbmm": _product_of(1, 2),
    "aten.baddbmm_": _product_of(1, 2),
    "aten._grouped_mm": grouped_product,
    "aten._scaled_grouped_mm": grouped_product,
    "aten._trilinear": bilinear,
    "aten._sparse_addmm": _product_of(1, 2),
    "aten._sparse_sparse_matmul": _product_of(0, 1),
    "aten._sparse_mm_reduce_impl": _product_of(0, 1),
    "aten.sspaddmm": _product_of(1, 2),
    "aten.hspmm": _product_of(0, 1),
    "aten.sparse_sampled_addmm": sampled_product,
    "aten._sparse_semi_structured_mm": _product_of(0, 2),
    "aten._sparse_semi_structured_addmm": _product_of(1, 3),
    "aten._sparse_semi_structured_linear": lambda args, _output: int(
        prod(args[0][:-1]) * prod(args[1])
    ),
    "aten._embedding_bag": weighted_bags,
    "aten._embedding_bag_forward_only": weighted_bags,
    "aten._weight_int4pack_mm": packed_product,
    "aten._weight_int4pack_mm_for_cpu": packed_product,
    "aten._dyn_quant_matmul_4bit": packed_product,
    "quantized.matmul": packed_product,
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
    "aten._cudnn_rnn": recurrent_layers,
    **dict.fromkeys(
        (
            "aten._slow_conv2d_forward", "aten.slow_conv3d_forward", "aten.slow_conv_dilated2d",
            "aten.slow_conv_dilated3d", "aten._conv_depthwise2d", "aten.conv_depthwise3d",
            "aten._nnpack_spatial_convolution", "aten.cudnn_convolution",
            "aten.cudnn_convolution_relu", "aten.cudnn_convolution_add_relu",
        ),
        plain_convolution,
    ),
    **dict.fromkeys(
        (
            "aten.slow_conv_transpose2d", "aten.slow_conv_transpose3d",
            "aten.cudnn_convolution_transpose",
        ),
        plain_transposed_convolution,
    ),
    **PACKED,
}  # fmt: skip

# Of PyTorch's own nested tensors only, component by component: of others their parts are counted.
NESTED: Mapping[str, MacHandler] = {
    "aten.matmul": _product_of(0, 1),
    "aten.linear": lambda args, _output: int(prod(args[0]) * args[1][0]),
    "aten.scaled_dot_product_attention": attention,
    "aten._scaled_dot_product_attention_math": attention,
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
    as_strided_ squeeze_ unsqueeze_ t_ transpose_ detach_ to_mkldnn _to_dense
    _pack_padded_sequence max_unpool2d max_unpool3d polar
    mkldnn_reorder_conv2d_weight _convert_weight_to_int4pack _convert_weight_to_int4pack_for_cpu
    _dyn_quant_pack_4bit_weight quantize_per_tensor quantize_per_tensor_dynamic
    quantize_per_channel dequantize fake_quantize_per_tensor_affine_cachemask
    fake_quantize_per_channel_affine_cachemask"""
_SPARSE = """_to_sparse _to_sparse_csr _to_sparse_csc _to_sparse_bsr _to_sparse_bsc _coalesce
    is_coalesced _coalesced_ _nnz sparse_dim dense_dim sparse_mask _spdiags _sparse_softmax
    _sparse_log_softmax _sparse_sum _sparse_coo_tensor_with_dims
    _sparse_coo_tensor_with_dims_and_tensors sparse_compressed_tensor
    _sparse_compressed_tensor_with_dims"""
_NESTED = """_nested_tensor_from_mask _nested_tensor_from_mask_left_aligned _nested_from_padded
    _nested_tensor_from_tensor_list _nested_tensor_size _nested_tensor_strides
    _nested_tensor_storage_offsets to_padded_tensor nested_to_padded_tensor
    _padded_dense_to_jagged_forward _jagged_to_padded_dense_forward"""
_CHECKS = "_linalg_check_errors _assert_async _assert_tensor_metadata"
_INDEXING = """index index_select index_put index_put_ _unsafe_index gather scatter scatter_
    scatter_add scatter_add_ scatter_reduce index_add index_add_ index_copy index_copy_ masked_fill
    masked_fill_ masked_select masked_scatter nonzero take embedding where topk sort
    argsort kthvalue bincount histc searchsorted bucketize unique_dim _unique2 take_along_dim"""
_REDUCTIONS = """sum mean var var_mean std std_mean amax amin aminmax max min argmax argmin prod
    any all cumsum cumprod cummax cummin linalg_cross logsumexp norm linalg_vector_norm
    count_nonzero equal median nansum trace renorm segment_reduce"""
_NORMALISATION = """native_layer_norm native_group_norm native_batch_norm
    _native_batch_norm_legit _native_batch_norm_legit_no_training _batch_norm_with_update
    _batch_norm_no_update cudnn_batch_norm instance_norm _fused_rms_norm _weight_norm_interface
    _softmax _log_softmax _safe_softmax"""
_ACTIVATION = """prelu _prelu_kernel leaky_relu leaky_relu_ glu rrelu_with_noise
    hardswish hardswish_ log_sigmoid_forward _thnn_fused_lstm_cell _thnn_fused_gru_cell"""
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
        _CREATION, _COPIES, _SPARSE, _NESTED, _CHECKS, _INDEXING, _REDUCTIONS, _NORMALISATION,
        _ACTIVATION, _RESAMPLING,
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
