"""What the bot says where a picture cannot be made larger. Pure text."""

from __future__ import annotations

NO_UPSCALER = (
    "I have no upscaler for this model, so its pictures stay as large as they are. "
    "The operator can give me one (`UPSCALER_FILE`)."
)


def at_its_largest(width_px: int, height_px: int) -> str:
    """It cannot grow."""
    return f"This picture is as large as it goes: {width_px}x{height_px} pixels."


def of_another(drew: str, serves: str) -> str:
    """Another model drew it."""
    return (
        f"That picture was drawn by `{drew}`, and I draw with `{serves}` now. "
        "I can only upscale pictures of the model in use."
    )
