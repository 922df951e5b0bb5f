"""What axes and targets are called in a figure: words, not names of columns."""

import re

from reports.records import objective

_RUNTIMES = {
    "eager": "PyTorch",
    "compile": "torch.compile",
    "onnxruntime": "ONNX Runtime",
    "openvino": "OpenVINO",
    "xnnpack": "XNNPACK",
}
_TITLES = {
    "macs": "multiply-adds for a 1280×720 output (billions)",
    "params": "parameters (thousands)",
    "psnr_y_db": "PSNR on Y (dB)",
    "ssim_y": "SSIM on Y",
}
_OF_A_TARGET = frozenset({"latency_ms", "peak_memory_mib"})
_OF_IMAGES = frozenset({"psnr_y_db", "ssim_y"})


def axis_label(name: str, *, data: str | None, scale: int | None, target: str | None) -> str:
    """What the axis of an objective says: what it is, of which images or where, and its unit.

    Raises:
        ValueError: no objective has that name.
    """
    title, bracket, unit = (_TITLES.get(name) or objective(name).label).partition(" (")
    if name in _OF_IMAGES and data is not None:
        title += f", {images_in_words(data)}" + ("" if scale is None else f" ×{scale}")
    if name in _OF_A_TARGET and target is not None:
        title += f" on {target_in_words(target)}"
    return f"{title}{bracket}{unit}"


def axis_title(name: str) -> str:
    """An objective in as few words as a heading has room for.

    Raises:
        ValueError: no objective has that name.
    """
    title = (_TITLES.get(name) or objective(name).label).partition(" (")[0]
    return title.partition(" for ")[0]


def images_in_words(data: str) -> str:
    """The name of a data set; the embedded photographs have none."""
    return "bundled photographs" if data == "bundled" else data


def target_in_words(target: str) -> str:
    """A target such as `openvino:threads=2,lr=270x480` as people say it.

    Of what the target leaves to its defaults, and of float32 on a processor, nothing is said. A
    text that is no target, such as "the cheapest of ...", is returned as it is.
    """
    found = re.fullmatch(r"(?:ssh://([^/]+)/)?(\w+)(?::(\S*))?", target)
    if found is None:
        return target
    host, runtime, rest = found.groups()
    keys = dict(part.split("=", 1) for part in (rest or "").split(",") if "=" in part)
    words = [_RUNTIMES.get(runtime, runtime)]
    if keys.get("device", "cpu") != "cpu":
        words.append("GPU")
    if keys.get("precision", "float32") != "float32":
        *others, last = keys["precision"].split("|")
        words.append(f"{', '.join(others)} and {last}" if others else last)
    if "threads" in keys and keys.get("device", "cpu") == "cpu":
        words.append("1 thread" if keys["threads"] == "1" else f"{keys['threads']} threads")
    if keys.get("batch", "1") != "1":
        words.append(f"batch of {keys['batch']}")
    if "lr" in keys:
        height, _, width = keys["lr"].partition("x")
        words.append(f"{width}×{height} input")
    return ", ".join(words) + (f", on {host}" if host else "")
