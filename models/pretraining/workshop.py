"""The stages, in one work folder; a stage loads the results of earlier ones from there.

Called by the `pretrain` command, one method per stage. Must not know the command line.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import nn

from models.contract import EngineError
from models.engine import upscaler
from models.measuring.judge import network as judge
from models.painter.sets import Purpose
from models.pretraining import (
    architecture,
    autoencoding,
    diffuse,
    enlarge,
    further,
    judging,
    papers,
    pipeline,
    reading,
    vocabulary,
)
from models.pretraining.architecture import Blueprint
from models.pretraining.further import keep
from models.pretraining.painting import plan
from models.pretraining.pictures import Pictures, chunks, generator, load
from models.pretraining.pipeline import Trained

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

#: The share of pictures for the autoencoder's training, while the rest is being painted.
EARLY = 0.15


class Workshop:
    """One pre-training: its blueprint, its folder, the folder of the finished model, its device."""

    def __init__(
        self,
        blueprint: Blueprint,
        work: Path,
        out: Path,
        device: torch.device,
        *,
        wait_s: float = 0.0,
        name: str = "",
    ) -> None:
        """`wait_s` is how long a stage waits for pictures that are still being painted.

        `name` is the new model's; by default that of the work folder.
        """
        self.blueprint, self.work, self.out, self.device = blueprint, work, out, device
        self._wait_s = wait_s
        self._name = name or work.resolve().name
        self._words = work / "pictures" / "tokenizer"

    def pictures(self, purpose: Purpose = Purpose.TRAIN, share: float = 1.0) -> dict[str, Pictures]:
        """A set of pictures, or the first `share` of it; waits until it is painted."""
        shards = plan(self.blueprint, self.work / "pictures", purpose)
        return load(shards[: max(3, round(len(shards) * share))], self.device, wait_s=self._wait_s)

    def note(self, **figures: float) -> None:
        """Save figures beside the checkpoints, in `figures.json`."""
        path = self.work / "figures.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps(known | figures, indent=1) + "\n", encoding="utf-8")

    def judge(self) -> None:
        """Train the judge and record its accuracy on unseen pictures."""
        begun = self.work / further.JUDGE
        net = judging.train_judge(
            self.blueprint,
            self.pictures(),
            self.work / "judge",
            self.device,
            begun=judge.Judge(begun).network if begun.exists() else None,
        )
        judge.save(net, self.work / "judge.safetensors", self.blueprint.judge_width)
        right = judging.accuracy(net, self.pictures(Purpose.HELD), self.device)
        self.note(**{f"judge_{head}": share for head, share in right.items()})

    def autoencoder(self) -> None:
        """Train the autoencoder and record its PSNR on unseen pictures."""
        net = autoencoding.train_autoencoder(
            self.blueprint, self.pictures(share=EARLY), self.work / "autoencoder", self.device
        )
        keep(net, self.work / "autoencoder-done.safetensors")
        self.note(autoencoder_db=self._roundtrip_db(net))

    def decoder(self) -> None:
        """Train the decoder further, with the encoder frozen; it draws the finished pictures."""
        parts = self._finished("autoencoder")
        net, sets, judges = parts.autoencoder, self.pictures(), self._judges()
        autoencoding.train_decoder(
            self.blueprint, sets, net, self.work / "decoder", self._memory(parts)
        )
        keep(net, self.work / "decoder-done.safetensors")
        self.note(decoder_db=self._roundtrip_db(net), **self._kept(net, judges))

    def _roundtrip_db(self, net: AutoencoderTiny) -> float:
        held = self.pictures(Purpose.HELD)["square"].pixels[:128]
        return enlarge.roundtrip_db(net, held)

    def _kept(self, net: AutoencoderTiny, judges: nn.Module) -> dict[str, float]:
        """The judge's accuracy on unseen pictures after the autoencoder.

        No UNet can do better: what is lost here cannot be drawn.
        """
        sets = {
            framing: replace(held, pixels=enlarge.returned(net, held.pixels))
            for framing, held in self.pictures(Purpose.HELD).items()
        }
        right = judging.accuracy(judges, sets, self.device)
        return {f"decoder_{head}": share for head, share in right.items()}

    def words(self) -> None:
        """Teach the text encoder to read captions; record how well it reads unseen ones."""
        reader = reading.train_words(
            self.blueprint, self.pictures(), self._words, self.work / "words", self.device
        )
        keep(reader.text, self.work / "words-done.safetensors")
        read = reading.accuracy(reader, self.pictures(Purpose.HELD))
        self.note(**{f"words_{head}": share for head, share in read.items()})

    def upscaler(self) -> None:
        """Train the upscaler on the decoder's pictures, from true latents and from the UNet's."""
        parts, large = self._finished("decoder"), self.pictures(Purpose.LARGE)["square"]
        autoencoder = parts.autoencoder
        z = autoencoding.latents_of(autoencoder, large.pixels).float()
        g, remembered = generator(7, 0, self.device), self._memory(parts)
        again = torch.cat([remembered(z[p], large.ids[p, 0].long(), g) for p in chunks(len(z), 64)])
        drawn = [enlarge.decoded(autoencoder, latents) for latents in (z, again)]
        net = enlarge.train_upscaler(self.blueprint, large, drawn, self.work / "upscaler")
        upscaler.save(net, self.out / upscaler.FOLDER)
        made = enlarge.enlarged(net, large, autoencoder)
        enlarge.sheet(made).save(self.work / "upscaler.png")
        self.note(**enlarge.sharpness(made))

    def unet(self) -> None:
        """Train UNet and text encoder on cached latents."""
        parts = self._parts("autoencoder")
        _fetch(parts.text, self.work / "words-done.safetensors", "words")
        encoded, siblings = (
            self._encoded(parts.autoencoder, purpose)
            for purpose in (Purpose.TRAIN, Purpose.SIBLINGS)
        )
        begun = self.work / further.UNET
        if begun.exists():
            _fetch(parts.unet, begun, "unet")
        diffuse.train_unet(
            self.blueprint,
            encoded,
            siblings,
            parts,
            self.work / "unet",
            lr=diffuse.FURTHER_LR if begun.exists() else diffuse.LR,
        )
        keep(parts.unet, self.work / "unet-done.safetensors")
        keep(parts.text, self.work / "text-done.safetensors")

    def _encoded(
        self, autoencoder: AutoencoderTiny, purpose: Purpose
    ) -> dict[str, diffuse.EncodedPictures]:
        sets = self.pictures(purpose)
        cached = autoencoding.cached_latents(autoencoder, sets, self.work / "latents")
        return {
            framing: diffuse.EncodedPictures(cached[framing], sets[framing]) for framing in sets
        }

    def export(self) -> None:
        """Write the model folder from the finished stages, with its licence and card."""
        parts = self._finished("decoder")
        pipeline.write(parts, self.out, self._words)
        papers.hand_over(self.blueprint, self.out, self._name, further.parent(self.work))

    def _judges(self) -> nn.Module:
        path = self.work / "judge.safetensors"
        _require(path, "judge")
        return judge.Judge(path).network.to(self.device)

    def _autoencoder(self, stage: str) -> AutoencoderTiny:
        net = architecture.autoencoder(self.blueprint)
        nn.Module.to(net, self.device)
        _fetch(net, self.work / f"{stage}-done.safetensors", stage)
        return net.eval()

    def _memory(self, parts: Trained) -> autoencoding.Remembered:
        """The finished UNet's guesses at noised latents."""
        guess = diffuse.Guess(parts.unet, parts.text)
        objective = diffuse.objective_on(self.device)
        return lambda z, ids, g: diffuse.remembered(guess, z, ids, g, objective)

    def _finished(self, stage: str) -> Trained:
        """The trained UNet and text encoder with the autoencoder of the given stage."""
        parts = self._parts(stage)
        _fetch(parts.unet, self.work / "unet-done.safetensors", "unet")
        _fetch(parts.text, self.work / "text-done.safetensors", "unet")
        parts.train(on=False)
        return parts

    def _parts(self, stage: str) -> Trained:
        """A fresh UNet and text encoder with the autoencoder of the given stage."""
        torch.manual_seed(4)
        tokenizer = vocabulary.load(self._words)
        text = architecture.text_encoder(self.blueprint, tokenizer)
        unet = architecture.unet(self.blueprint)
        nn.ModuleList((text, unet)).to(self.device)
        return Trained(self._autoencoder(stage), text, unet, tokenizer)


def _require(path: Path, stage: str) -> None:
    if not path.exists():
        raise EngineError(f"{path} is missing: run the stage `{stage}` first")


def _fetch(net: nn.Module, path: Path, stage: str) -> None:
    _require(path, stage)
    net.load_state_dict(load_file(path))
