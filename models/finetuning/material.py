"""A run's input: the dataset's pictures as latents, and its captions as token ids.

Reading, buckets, captions and caches come from `models.data`; here they are combined for one run.
What a row gets depends only on seed, step and position. Must not know trained networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.catalogue.adoption import pixel_step
from models.contract import EngineError
from models.data.batches import Batch, Batches, example_rng
from models.data.buckets import assign_buckets
from models.data.caches import LatentCache, weights_sha256
from models.data.examples import DatasetError, Example, read
from models.data.findings import Report
from models.data.latents import encode_in_parts, load_pixels
from models.data.tokens import token_ids
from models.engine.codec import scale_of
from models.engine.loader import Components
from models.finetuning.recipe import Recipe
from models.training import chance

#: Pixels encoded at once: eight pictures of Stable Diffusion's size.
_ENCODED_PX = 8 * 512 * 512


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInput:
    """One step's rows: captions as `ids` (N, n, 77), and the basis for latents and noise."""

    step: int
    epoch: int
    batch: Batch
    ids: Tensor

    def __len__(self) -> int:
        return len(self.batch.indices)


class Material:
    """The examples of a run, in training order."""

    def __init__(
        self, recipe: Recipe, parts: Components, examples: Sequence[Example], rows: int
    ) -> None:
        """`rows` are the pictures of one step on all GPUs together.

        A bucket's last step may have fewer. Raises EngineError if the recipe's resolution allows
        no bucket.
        """
        self._recipe, self._parts, self._examples = recipe, parts, examples
        step_px = pixel_step(parts.folder)
        if recipe.resolution_px < step_px:
            raise EngineError(
                f"resolution_px must be at least {step_px} for {parts.card.id}, "
                f"not {recipe.resolution_px}."
            )
        self._assignment = assign_buckets(
            (example.size_px for example in examples),
            area_px=recipe.resolution_px**2,
            step_px=step_px,
        )
        self._batches = Batches(self._assignment, batch_size=rows, seed=recipe.seed)
        vae: Any = parts.vae
        made_by = f"{weights_sha256(vae)} {scale_of(vae)}"
        self._cache = LatentCache(recipe.cache_folder, made_by)

    @property
    def steps_per_epoch(self) -> int:
        """How many steps it takes to show every picture once."""
        return len(self._batches)

    @property
    def fingerprint(self) -> str:
        """A hash of pictures, captions and buckets, to recognise the states of this material."""
        digest = hashlib.sha256()
        for index, example in enumerate(self._examples):
            facts = (example.sha256, example.caption.text, tuple(self._assignment[index]))
            digest.update(repr(facts).encode())
        return digest.hexdigest()

    def describe(self) -> str:
        """One line: how many pictures are in which buckets."""
        counts = self._assignment.counts()
        named = ", ".join(f"{w}x{h}: {count}" for (w, h), count in list(counts.items())[:6])
        more = f" and {len(counts) - 6} more" if len(counts) > 6 else ""
        return f"{len(self._examples)} pictures in {len(counts)} buckets ({named}{more})"

    def steps(self, first: int, last: int) -> Iterator[StepInput]:
        """The input of the steps from `first` to before `last`; step 0 begins the run."""
        step = first
        while step < last:
            epoch, start = divmod(step, self.steps_per_epoch)
            for batch in self._batches.epoch(epoch, start):
                if step == last:
                    return
                yield StepInput(step=step, epoch=epoch, batch=batch, ids=self._ids(epoch, batch))
                step += 1

    def _ids(self, epoch: int, batch: Batch) -> Tensor:
        """The captions as worded in this epoch; all rows have equally many chunks."""
        recipe = self._recipe
        texts = [
            recipe.captions.apply(
                self._examples[index].caption, example_rng(recipe.seed, epoch, index)
            )
            for index in batch.indices
        ]
        config: Any = self._parts.text_encoder.config
        return token_ids(
            texts,
            self._parts.tokenizer,
            length=config.max_position_embeddings,
            max_chunks=recipe.chunks_max,
        )

    def latents(self, step_input: StepInput, position: int) -> Tensor:
        """The latents (C, h, w), float32, of the row at this position, sampled at every step."""
        index = step_input.batch.indices[position]
        flip = self._is_flipped(step_input.epoch, index)
        cached = self._cached_latents(
            index, lambda: self._encode([index], flip=flip)[0], flip=flip
        ).float()
        if len(cached) == 1:
            return cached[0]
        mean, deviation = cached
        generator = chance.generator(self._recipe.seed, "latents", step_input.step, position)
        return mean + deviation * torch.randn(mean.shape, generator=generator)

    def _is_flipped(self, epoch: int, index: int) -> bool:
        recipe = self._recipe
        return (
            recipe.flip > 0
            and chance.python_generator(recipe.seed, "flip", epoch, index).random() < recipe.flip
        )

    def fill_cache(
        self, process: int, processes: int, report_progress: Callable[[int, int], None]
    ) -> None:
        """Put every picture's latents into the cache; this is number `process` of `processes`.

        `report_progress` receives the pictures done and their total. Existing entries are only
        checked.
        """
        flips = (False, True) if self._recipe.flip else (False,)
        groups = list(self._groups())[process::processes]
        total = len(flips) * sum(map(len, groups))
        done = 0
        for group in groups:
            for flip in flips:
                self._encode_group(group, flip=flip)
                done += len(group)
                report_progress(done, total)

    def _groups(self) -> Iterator[Sequence[int]]:
        """Pictures of one bucket, a few at a time."""
        for bucket, members in self._assignment.members.items():
            size = max(1, _ENCODED_PX // (bucket.width_px * bucket.height_px))
            yield from (members[start : start + size] for start in range(0, len(members), size))

    def _encode_group(self, group: Sequence[int], *, flip: bool) -> None:
        """Cache a group's latents; the first missing picture encodes the whole group."""
        encoded_group: list[Tensor] = []
        for position, index in enumerate(group):

            def compute(position: int = position) -> Tensor:
                if not encoded_group:
                    encoded_group.extend(self._encode(group, flip=flip))
                return encoded_group[position]

            self._cached_latents(index, compute, flip=flip)

    def _cached_latents(self, index: int, compute: Callable[[], Tensor], *, flip: bool) -> Tensor:
        example, bucket = self._examples[index], self._assignment[index]
        return self._cache.latents(example.sha256, bucket, compute, flip=flip)

    def _encode(self, indices: Sequence[int], *, flip: bool) -> Tensor:
        """Mean and deviation of each picture's latents, (N, 2, C, h, w), or (N, 1, C, h, w)."""
        bucket = self._assignment[indices[0]]
        paths = [self._examples[index].path for index in indices]
        with ThreadPoolExecutor() as pool:
            pixels = torch.stack(
                list(pool.map(lambda path: load_pixels(path, bucket, flip=flip), paths))
            )
        encoded = encode_in_parts(self._parts.vae, pixels).half()
        if not encoded.isfinite().all():
            raise EngineError(
                f"the autoencoder makes no finite numbers of {paths[0]}; leave it out."
            )
        return encoded


def gather(recipe: Recipe, report: Report) -> list[Example]:
    """The recipe's pictures that are good enough. EngineError, in one line, if there are none."""
    try:
        examples = read(Path(recipe.data), report=report)
    except DatasetError as fault:
        raise EngineError(str(fault)) from fault
    if recipe.min_score is None:
        return examples
    scored = [example for example in examples if example.score is not None]
    if not scored:
        raise EngineError(
            f"min_score is set, but no picture in {recipe.data} has a score: "
            f"run python -m models score {recipe.data} first."
        )
    good = [e for e in scored if e.score is not None and e.score >= recipe.min_score]
    if not good:
        best = max(e.score for e in scored if e.score is not None)
        raise EngineError(
            f"no picture in {recipe.data} reaches min_score = {recipe.min_score}; the best has "
            f"{best:.2f}."
        )
    return good
