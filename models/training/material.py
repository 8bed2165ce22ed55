"""A training's input: a manifest's pictures as latents and features, prompts as embeddings.

Called by the command. Must not know trained networks, nor how a picture was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.buckets import Bucket
from models.data.latents import fitting, pixels_of
from models.engine.conditioning import Conditioner
from models.engine.loader import Components
from models.manifest import Manifest, PictureLine
from models.measuring.features import FeatureFunction
from models.training.exhibits import Exhibits

#: Maps a picture to its file's path.
Place = Callable[[PictureLine], Path]
#: Pictures that are read and encoded at once.
_AT_ONCE = 16


def usable(manifest: Manifest) -> list[PictureLine]:
    """The pictures whose prompts are shared: no others can be trained on."""
    return [picture for picture in manifest.pictures if picture.text is not None]


def exhibits_of(
    place: Place,
    pictures: Sequence[PictureLine],
    parts: Components,
    tell: Callable[[int, int], None],
) -> Exhibits:
    """Latents and words of pictures; `tell` receives the number read and the total."""
    latents: dict[str, Tensor] = {}
    for bucket, group in _in_groups(pictures, parts):
        pixels = torch.stack([pixels_of(place(picture), bucket) for picture in group])
        # The mean only: the autoencoder's random part would be the same for both sides.
        encoded = fitting(parts.vae, pixels)[:, 0]
        latents |= {picture.file_name: x for picture, x in zip(group, encoded, strict=True)}
        tell(len(latents), len(pictures))
    words, unwanted = _words(pictures, parts)
    return Exhibits(latents=latents, words=words, unwanted=unwanted)


@torch.inference_mode()
def features_of(
    place: Place,
    pictures: Sequence[PictureLine],
    parts: Components,
    looks: Mapping[str, FeatureFunction],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Every set of features of every picture at its drawn size, by set and file."""
    found: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in looks}
    for bucket, group in _in_groups(pictures, parts):
        pixels = torch.stack([pixels_of(place(picture), bucket) for picture in group])
        for name, look in looks.items():
            seen = look(pixels / 2 + 0.5).double().numpy()
            found[name] |= {p.file_name: v for p, v in zip(group, seen, strict=True)}
    return found


def _in_groups(
    pictures: Sequence[PictureLine], parts: Components
) -> Iterator[tuple[Bucket, Sequence[PictureLine]]]:
    """Pictures of one size, a few at a time, with the size they were drawn at."""
    sizes: dict[Bucket, list[PictureLine]] = {}
    for picture in pictures:
        native = Bucket(*parts.card.native_px(picture.width_px, picture.height_px))
        sizes.setdefault(native, []).append(picture)
    for bucket, group in sizes.items():
        yield from ((bucket, group[at : at + _AT_ONCE]) for at in range(0, len(group), _AT_ONCE))


@torch.no_grad()
def _words(pictures: Sequence[PictureLine], parts: Components) -> tuple[dict[str, Tensor], Tensor]:
    """The prompts' embeddings by file, and that of the negative prompt.

    They are padded to equal length as the engine does it.
    """
    defaults = parts.card.defaults
    reader = Conditioner(parts.tokenizer, parts.text_encoder, defaults.clip_skip)
    read = {p.file_name: reader.encode(p.text or "", p.clip_skip).tokens for p in pictures}
    unwanted, empty = reader.encode(defaults.negative).tokens, reader.encode("").tokens
    longest = max(len(unwanted), *map(len, read.values()))

    def filled(tokens: Tensor) -> Tensor:
        missing = (longest - len(tokens)) // len(empty)
        # Pictures of one prompt share their embedding.
        return torch.cat([tokens, *[empty] * missing]) if missing else tokens

    return {name: filled(tokens) for name, tokens in read.items()}, filled(unwanted)
