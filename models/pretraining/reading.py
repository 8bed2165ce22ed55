"""Trains the text encoder before any picture: to read what captions state.

Called by the workshop. Must not know the UNet.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.measuring.judge import network as judge
from models.measuring.judge.heads import HEADS
from models.pretraining import architecture, vocabulary
from models.pretraining.architecture import Blueprint
from models.pretraining.pictures import Pictures, batch_of, chunks, generator
from models.training.plain import PlainTraining, train
from models.training.precision import autocast

if TYPE_CHECKING:
    from transformers import CLIPTextModel


class Reader(nn.Module):
    """A text encoder with the two heads that teach it to read."""

    def __init__(self, text: CLIPTextModel, width: int) -> None:
        super().__init__()
        self.text = text
        #: Predicts every attribute from the end token's state.
        self.head = nn.Linear(width, sum(map(len, HEADS.values())))
        #: Predicts, from each token's state, the token before it.
        self.before = nn.Linear(width, text.config.vocab_size)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Token ids (B, L) -> logits of all heads (B, n), and of the token before (B, L-1, V)."""
        out = self.text(ids)
        return self.head(out.pooler_output), self.before(out.last_hidden_state[:, 1:])


class EndTokenReader(nn.Module):
    """Predicts every attribute from the states of a text's end tokens.

    A UNet attends to end tokens more than to any word, because they are most of the 77. So it can
    use at once what they hold; to find a word that it ignores can take thousands of steps.
    """

    def __init__(self, width: int, end: int) -> None:
        super().__init__()
        self.end = end
        self.say = nn.Linear(width, sum(map(len, HEADS.values())))

    def forward(self, states: Tensor, ids: Tensor) -> Tensor:
        """States (B, L, width) of the token ids (B, L) -> logits of all heads (B, n)."""
        ends = (ids == self.end).to(states.dtype)[:, :, None]
        return self.say((states * ends).sum(1) / ends.sum(1))


def positions(length: int, width: int) -> Tensor:
    """Sines and cosines (length, width) (Vaswani et al. 2017, section 3.5), of size 0.3.

    With them a token finds its neighbour from the start; from random ones it would take long.
    """
    rates = torch.exp(-math.log(1_000.0) * torch.arange(0, width, 2) / width)
    angles = torch.arange(length)[:, None] * rates
    return 0.3 * torch.cat([angles.sin(), angles.cos()], dim=1)


def words_loss(reader: Reader, ids: Tensor, stated: Tensor, end: int) -> Tensor:
    """The error in reading each attribute of a caption, and the token before each token.

    The second part ties "blue" to "hair" in "blue hair, green eyes": without it the colours of
    hair, eyes, clothes and background stay mixed up for thousands of steps.
    """
    shortened = ids[:, : int((ids != end).sum(1).max()) + 1]
    logits, before = reader(shortened)
    is_word = shortened[:, 1:] != end
    before_loss = functional.cross_entropy(before[is_word].float(), shortened[:, :-1][is_word])
    return judge.loss(logits, stated) + 5 * before_loss


def train_words(
    blueprint: Blueprint, sets: dict[str, Pictures], words: Path, folder: Path, device: torch.device
) -> Reader:
    """Train the text encoder to name the attributes that a caption states.

    Later this keeps the colours of hair, eyes, clothes and background apart.
    """
    torch.manual_seed(3)
    tokenizer = vocabulary.load(words)
    text = architecture.text_encoder(blueprint, tokenizer)
    end = vocabulary.encode(tokenizer, [""])[0][-1]
    nn.init.normal_(text.embeddings.token_embedding.weight, std=0.3)
    with torch.no_grad():
        position_weights = text.embeddings.position_embedding.weight
        position_weights.copy_(positions(*position_weights.shape))
    reader = Reader(text, blueprint.width).to(device)

    def loss(step: int) -> tuple[Tensor, int]:
        framing, rows = batch_of(sets, step, blueprint.words_batch, seed=3, device=device)
        pictures, g = sets[framing], generator(3, step, device)
        which = torch.randint(0, pictures.ids.shape[1], (len(rows),), generator=g, device=device)
        ids, stated = pictures.ids[rows, which].long(), pictures.stated[rows, which].long()
        with autocast(device):
            return words_loss(reader, ids, stated, end), len(rows)

    training = PlainTraining({"reader": reader}, loss, steps=blueprint.words_steps, lr=1.5e-3)
    train(training, folder)
    return reader.eval()


@torch.no_grad()
def accuracy(reader: Reader, sets: dict[str, Pictures]) -> dict[str, float]:
    """For each head, the share of attributes stated in unseen captions that the reader names."""
    right = torch.zeros(len(HEADS))
    stated = torch.zeros(len(HEADS))
    for pictures in sets.values():
        for part in chunks(len(pictures.ids), 100):
            ids, truth = pictures.ids[part].flatten(0, 1), pictures.stated[part].flatten(0, 1)
            by_head = judge.split(reader(ids.long())[0])
            predicted = torch.stack([logits.argmax(1) for logits in by_head.values()], dim=1)
            right += ((predicted == truth) & (truth >= 0)).sum(0).cpu()
            stated += (truth >= 0).sum(0).cpu()
    shares = (right / stated.clamp(min=1)).tolist()
    return dict(zip(HEADS, shares, strict=True))
