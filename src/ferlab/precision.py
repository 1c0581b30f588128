"""Which arithmetic a device does well."""

import torch

BF16 = "bf16-mixed"
FP32 = "32-true"


def choose(precision: str, accelerator: str) -> tuple[str, str]:
    """Resolve `precision: auto` for a device.

    Args:
        precision: "auto" or one of Lightning's precisions.
        accelerator: "cpu", "gpu" or "cuda".

    Returns:
        Lightning's precision and a sentence that says why.
    """
    if precision != "auto":
        return str(precision), f"{precision}, as configured"
    if accelerator in ("gpu", "cuda"):
        if torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False):
            return BF16, f"{BF16}: {torch.cuda.get_device_name()} computes bfloat16"
        return FP32, f"{FP32}: the GPU has no bfloat16"
    if torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported():
        return BF16, f"{BF16}: the processor computes bfloat16 (AVX512-BF16 or AMX)"
    return FP32, f"{FP32}: the processor has no bfloat16 arithmetic"
