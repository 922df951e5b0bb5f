"""`paretosr evaluate`: PSNR and SSIM of a model on a folder of images."""

from typing import TYPE_CHECKING

from paretosr.options import DataOption, FormOption, JsonOption, ModelArgument, ScaleOption

if TYPE_CHECKING:
    from paretosr.models import ResolvedModel
    from training.quality import Quality


def evaluate(
    model: ModelArgument,
    data: DataOption = "bundled",
    scale: ScaleOption = None,
    form: FormOption = None,
    json: JsonOption = False,
) -> None:
    """Print PSNR and SSIM of MODEL per image and mean.

    The images of DIR are the originals: each is shrunk by MATLAB's imresize, enlarged by
    MODEL and compared on the Y channel without a border of SCALE pixels.

    \b
    Examples:
      paretosr evaluate bicubic --scale 2
      paretosr evaluate bicubic --data Set5 --scale 4 --json
      paretosr evaluate runs/x2/model.safetensors --data Set5
      paretosr evaluate runs/search:splitsr-x2-0123456789
    """
    from paretosr.models import resolve_model
    from paretosr.output import write_note
    from paretosr.progress import progress_bar
    from paretosr.upscaling import upscaler_of
    from training.images import load_images
    from training.quality import evaluate_quality, prepare_validation

    resolved = resolve_model(model, scale)
    images = load_images(data, split="validation")
    pairs = prepare_validation(images.images, resolved.scale)
    chosen = upscaler_of(resolved, form, {pair.name: pair.low for pair in pairs})
    for line in (*images.notes, *chosen.notes):
        write_note(line)
    with progress_bar("evaluating", total=len(pairs), silent=json) as update:
        quality = evaluate_quality(chosen.upscale, pairs, progress=lambda done, _: update(done))
    _write(resolved, chosen.form, data, quality, as_json=json)


def _write(
    model: "ResolvedModel", form: str | None, data: str, quality: "Quality", *, as_json: bool
) -> None:
    from paretosr.output import write_json, write_line, write_rows

    images = [(image.name, image.psnr_y_db, image.ssim_y) for image in quality.images]
    if as_json:
        write_json(
            {
                "model": model.name,
                "scale": model.scale,
                "form": form,
                "data": data,
                "psnr_y_db": quality.psnr_y_db,
                "ssim_y": quality.ssim_y,
                "images": [
                    {"name": name, "psnr_y_db": psnr, "ssim_y": ssim} for name, psnr, ssim in images
                ],
            }
        )
        return
    rows = [*images, ("mean", quality.psnr_y_db, quality.ssim_y)]
    write_line(f"{model.name} x{model.scale} on {data}")
    write_rows(
        ("image", "PSNR on Y (dB)", "SSIM on Y"),
        [(name, f"{psnr:.2f}", f"{ssim:.4f}") for name, psnr, ssim in rows],
        numbers=("PSNR on Y (dB)", "SSIM on Y"),
    )
