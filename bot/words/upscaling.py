"""What the bot says where a picture cannot be made larger. Pure text."""

from __future__ import annotations

from bot.words.speaking import Message

NO_UPSCALER = Message(
    "I have no upscaler for this model, so its pictures stay as large as they are. "
    "The operator can give me one (`UPSCALER_FILE`)."
)
#: It cannot grow.
AT_ITS_LARGEST = Message("This picture is as large as it gets: {width}x{height} pixels.")
#: Another model drew it.
OF_ANOTHER = Message(
    "That picture was drawn by `{drew}`, and I draw with `{serves}` now. "
    "I can only upscale pictures of the model in use."
)
