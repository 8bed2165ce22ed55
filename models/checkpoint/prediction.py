"""Finds out what a UNet without a yaml predicts, by running it once.

Called by `importing` for a file without a yaml and a card. Must not know files.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.catalogue.card import Prediction
from models.checkpoint.inference_yaml import Layout, plain_unet

#: The side of the test latent; every level of the UNet still has several cells.
_SIDE = 16
#: A higher cosine means noise: an epsilon model reaches almost 1, the embedded v model 0.27.
_THRESHOLD = 0.65


@torch.no_grad()
def probe_prediction(tensors: Mapping[str, Tensor], layout: Layout) -> Prediction:
    """Noise or velocity, from the cosine between pure noise and the UNet's output (in float32).

    At the last timestep alpha-bar is near 0 and x is almost pure noise, so that eps ~ x, while v =
    sqrt(alpha-bar) eps - sqrt(1 - alpha-bar) x0 (Salimans and Ho 2022) is a blurred picture that
    has little to do with x. An empty context works: training dropped captions.
    """
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    unet = UNet2DConditionModel(**plain_unet(layout.unet)).eval()
    unet.load_state_dict({key: tensor.float() for key, tensor in tensors.items()}, assign=True)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, layout.unet["in_channels"], _SIDE, _SIDE, generator=generator)
    context = torch.zeros(2, 77, layout.unet["cross_attention_dim"])
    last = layout.schedule["num_train_timesteps"] - 1
    output = unet(x, last, encoder_hidden_states=context).sample
    cosine = torch.cosine_similarity(output.flatten(), x.flatten(), dim=0).item()
    return Prediction.EPSILON if cosine > _THRESHOLD else Prediction.V
