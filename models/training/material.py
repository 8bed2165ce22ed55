"""A training's input: a manifest's pictures as latents and features, prompts as embeddings.

Called by the preparation of a run. Must not know trained networks, or how pictures were judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.buckets import Bucket
from models.data.latents import encode_in_parts, load_pixels
from models.engine.conditioning import Conditioner
from models.engine.loader import Components
from models.manifest import Manifest, PictureLine
from models.measuring.features import FeatureFunction
from models.training.judged_pictures import JudgedPictures

#: Maps a picture to its file's path.
PathOf = Callable[[PictureLine], Path]
#: How many pictures are read and encoded at once.
_BATCH_SIZE = 16


def usable(manifest: Manifest) -> list[PictureLine]:
    """The pictures whose prompts are shared: no others can be trained on."""
    return [picture for picture in manifest.pictures if picture.text is not None]


def judged_pictures_of(
    path_of: PathOf,
    pictures: Sequence[PictureLine],
    parts: Components,
    report_progress: Callable[[int, int], None],
) -> JudgedPictures:
    """Latents and words of pictures; `report_progress` receives the number read and the total."""
    latents: dict[str, Tensor] = {}
    for bucket, group in _size_groups(pictures, parts):
        pixels = torch.stack([load_pixels(path_of(picture), bucket) for picture in group])
        # Only the mean: the autoencoder's random part would be the same for both sides.
        encoded = encode_in_parts(parts.vae, pixels)[:, 0]
        latents |= {picture.file_name: x for picture, x in zip(group, encoded, strict=True)}
        report_progress(len(latents), len(pictures))
    words, negative = _words(pictures, parts)
    return JudgedPictures(latents=latents, words=words, negative=negative)


@torch.inference_mode()
def features_of(
    path_of: PathOf,
    pictures: Sequence[PictureLine],
    parts: Components,
    looks: Mapping[str, FeatureFunction],
) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Every set of features of every picture at its native size, by set and file."""
    features: dict[str, dict[str, NDArray[np.float64]]] = {name: {} for name in looks}
    for bucket, group in _size_groups(pictures, parts):
        pixels = torch.stack([load_pixels(path_of(picture), bucket) for picture in group])
        for name, look in looks.items():
            vectors = look(pixels / 2 + 0.5).double().numpy()
            features[name] |= {p.file_name: v for p, v in zip(group, vectors, strict=True)}
    return features


def _size_groups(
    pictures: Sequence[PictureLine], parts: Components
) -> Iterator[tuple[Bucket, Sequence[PictureLine]]]:
    """Groups of a few pictures of one size, with the native size they were drawn at."""
    sizes: dict[Bucket, list[PictureLine]] = {}
    for picture in pictures:
        native = Bucket(*parts.card.native_px(picture.width_px, picture.height_px))
        sizes.setdefault(native, []).append(picture)
    for bucket, group in sizes.items():
        yield from (
            (bucket, group[start : start + _BATCH_SIZE])
            for start in range(0, len(group), _BATCH_SIZE)
        )


@torch.no_grad()
def _words(pictures: Sequence[PictureLine], parts: Components) -> tuple[dict[str, Tensor], Tensor]:
    """The prompts' embeddings by file, and that of the negative prompt.

    They are padded to equal length, as in the engine.
    """
    defaults = parts.card.defaults
    conditioner = Conditioner(parts.tokenizer, parts.text_encoder, defaults.clip_skip)
    embedded = {p.file_name: conditioner.encode(p.text or "", p.clip_skip).tokens for p in pictures}
    negative, empty = conditioner.encode(defaults.negative).tokens, conditioner.encode("").tokens
    longest = max(len(negative), *map(len, embedded.values()))

    def padded(tokens: Tensor) -> Tensor:
        missing_chunks = (longest - len(tokens)) // len(empty)
        # Pictures of one prompt share their embedding.
        return torch.cat([tokens, *[empty] * missing_chunks]) if missing_chunks else tokens

    return {name: padded(tokens) for name, tokens in embedded.items()}, padded(negative)
