"""The sizes of everything in the embedded model, and the modules of those sizes.

Called by every stage of the pre-training and by its tests. Must not know training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.painter.sets import PICTURES
from models.pretraining import vocabulary

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer


#: The upscaler's factor on a picture's sides.
SCALE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Sizes and lengths of one pre-training; steps are optimizer steps."""

    size_px: int = 128
    pictures: int = PICTURES
    held_out: int = 1_000
    large: int = 600
    families: int = 3_600
    decoder_families: int = 6_000
    captions_each: int = 12
    latent_channels: int = 16
    autoencoder_width: int = 32
    unet_channels: tuple[int, ...] = (64, 128, 160)
    #: Residual blocks per level on the way down (one more on the way up): the finest level draws
    #: the faces, whose eyes are two latent pixels wide.
    unet_layers: tuple[int, ...] = (2, 1, 1)
    groups: int = 16
    width: int = 128
    text_layers: int = 2
    heads: int = 4
    upscaler_width: int = 48
    upscaler_blocks: int = 6
    #: How deeply the finished upscaler warps edges; it trains without warping.
    upscaler_warp_px: float = 7.0
    judge_width: int = 32
    judge_steps: int = 5_900
    judge_batch: int = 32
    autoencoder_steps: int = 13_200
    autoencoder_batch: int = 8
    decoder_steps: int = 20_000
    decoder_batch: int = 12
    words_steps: int = 1_200
    words_batch: int = 64
    unet_steps: int = 24_100
    unet_batch: int = 32
    upscaler_steps: int = 5_000
    upscaler_batch: int = 4

    @property
    def shapes_px(self) -> dict[str, tuple[int, int]]:
        """(height, width) in pixels of each framing; the long side is 5/4 of the short."""
        short, long = self.size_px, self.size_px * 5 // 4
        return {"square": (short, short), "portrait": (long, short), "landscape": (short, long)}


#: The shipped model's; its stages ran in several parts, see docs/notes/embedded-model.md.
FULL = Blueprint()
#: Everything end to end in a minute or two on one core: for rehearsals and tests.
TOY = Blueprint(
    pictures=96,
    held_out=16,
    large=8,
    families=6,
    decoder_families=3,
    captions_each=2,
    autoencoder_width=16,
    unet_channels=(32, 32, 32),
    unet_layers=(2, 1, 1),
    width=32,
    text_layers=1,
    upscaler_width=16,
    upscaler_blocks=1,
    judge_width=16,
    judge_steps=6,
    judge_batch=8,
    autoencoder_steps=6,
    autoencoder_batch=4,
    decoder_steps=4,
    decoder_batch=6,
    words_steps=6,
    words_batch=8,
    unet_steps=8,
    unet_batch=4,
    upscaler_steps=4,
    upscaler_batch=2,
)


def autoencoder(blueprint: Blueprint) -> AutoencoderTiny:
    """A TAESD-shaped autoencoder: 8 px to one latent pixel, no norms, no attention.

    On two CPU cores it learns several times faster than an AutoencoderKL of the same cost.
    """
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

    width = blueprint.autoencoder_width
    return AutoencoderTiny(
        latent_channels=blueprint.latent_channels,
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        num_encoder_blocks=(0, 1, 2, 3),
        num_decoder_blocks=(3, 3, 1, 0),
        scaling_factor=1.0,
    )


def unet(blueprint: Blueprint) -> UNet2DConditionModel:
    """A Stable Diffusion UNet, narrow: cross-attention at half resolution and in the middle."""
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    assert len(blueprint.unet_channels) == 3, "three levels"
    return UNet2DConditionModel(
        sample_size=blueprint.size_px // 8,
        in_channels=blueprint.latent_channels,
        out_channels=blueprint.latent_channels,
        block_out_channels=blueprint.unet_channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=blueprint.unet_layers,  # pyright: ignore[reportArgumentType]  one for each level
        cross_attention_dim=blueprint.width,
        attention_head_dim=blueprint.heads,
        norm_num_groups=blueprint.groups,
    )


def text_encoder(blueprint: Blueprint, tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """A CLIP text model over the painter's vocabulary."""
    from transformers import CLIPTextConfig, CLIPTextModel

    start, end = vocabulary.encode(tokenizer, [""])[0][:2]
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=blueprint.width,
            intermediate_size=blueprint.width * 4,
            num_hidden_layers=blueprint.text_layers,
            num_attention_heads=blueprint.heads,
            max_position_embeddings=77,
            projection_dim=blueprint.width,
            bos_token_id=start,
            eos_token_id=end,
            pad_token_id=end,
        )
    )
