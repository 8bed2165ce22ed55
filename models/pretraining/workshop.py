"""The stages, in one work folder, from which a stage loads the results of earlier ones.

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
    decoding,
    diffuse,
    enlarge,
    further,
    judging,
    pipeline,
    reading,
    sealing,
    vocabulary,
)
from models.pretraining.architecture import Blueprint
from models.pretraining.further import save_weights
from models.pretraining.painting import plan
from models.pretraining.pictures import EncodedPictures, Pictures, chunks, generator, load
from models.pretraining.pipeline import ModelParts

if TYPE_CHECKING:
    from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny

#: The share of pictures that trains the autoencoder while the rest is being painted.
EARLY_SHARE = 0.15


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
        self._tokenizer_folder = work / "pictures" / "tokenizer"

    def pictures(self, purpose: Purpose = Purpose.TRAIN, share: float = 1.0) -> dict[str, Pictures]:
        """A set of pictures, or the first `share` of it; waits until it is painted."""
        shards = plan(self.blueprint, self.work / "pictures", purpose)
        return load(shards[: max(3, round(len(shards) * share))], self.device, wait_s=self._wait_s)

    def save_figures(self, **figures: float) -> None:
        """Add figures to `figures.json`, beside the checkpoints."""
        path = self.work / "figures.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        path.write_text(json.dumps(known | figures, indent=1) + "\n", encoding="utf-8")

    def judge(self) -> None:
        """Train the judge and record its accuracy on unseen pictures."""
        start = self.work / further.JUDGE
        net = judging.train_judge(
            self.blueprint,
            self.pictures(),
            self.work / "judge",
            self.device,
            start=judge.Judge(start).network if start.exists() else None,
        )
        judge.save(net, self.work / "judge.safetensors", self.blueprint.judge_width)
        accuracy = judging.accuracy(net, self.pictures(Purpose.HELD), self.device)
        self.save_figures(**{f"judge_{head}": share for head, share in accuracy.items()})

    def autoencoder(self) -> None:
        """Train the autoencoder and record its PSNR on unseen pictures."""
        net = autoencoding.train_autoencoder(
            self.blueprint, self.pictures(share=EARLY_SHARE), self.work / "autoencoder", self.device
        )
        save_weights(net, self.work / "autoencoder-done.safetensors")
        self.save_figures(autoencoder_db=self._roundtrip_db(net))

    def decoder(self) -> None:
        """Train the decoder, which draws the finished pictures, further with a frozen encoder."""
        parts = self._finished_parts("autoencoder")
        net, judge_network = parts.autoencoder, self._judge_network()
        siblings = self._encode_pictures(net, Purpose.DECODER_SIBLINGS)
        decoding.train_decoder(
            self.blueprint, siblings, net, self.work / "decoder", self._unet_guess(parts)
        )
        save_weights(net, self.work / "decoder-done.safetensors")
        self.save_figures(
            decoder_db=self._roundtrip_db(net), **self._decoder_accuracy(net, judge_network)
        )

    def _roundtrip_db(self, net: AutoencoderTiny) -> float:
        held = self.pictures(Purpose.HELD)["square"].pixels[:128]
        return enlarge.roundtrip_db(net, held)

    def _decoder_accuracy(self, net: AutoencoderTiny, judge_network: nn.Module) -> dict[str, float]:
        """The judge's accuracy on unseen pictures after the autoencoder.

        No UNet can exceed this: what the autoencoder loses cannot be drawn.
        """
        sets = {
            framing: replace(held, pixels=enlarge.roundtrip_pixels(net, held.pixels))
            for framing, held in self.pictures(Purpose.HELD).items()
        }
        accuracy = judging.accuracy(judge_network, sets, self.device)
        return {f"decoder_{head}": share for head, share in accuracy.items()}

    def words(self) -> None:
        """Teach the text encoder to read captions; record how well it reads unseen ones."""
        reader = reading.train_words(
            self.blueprint,
            self.pictures(),
            self._tokenizer_folder,
            self.work / "words",
            self.device,
        )
        save_weights(reader.text, self.work / "words-done.safetensors")
        accuracy = reading.accuracy(reader, self.pictures(Purpose.HELD))
        self.save_figures(**{f"words_{head}": share for head, share in accuracy.items()})

    def upscaler(self) -> None:
        """Train the upscaler on the decoder's pictures, from true latents and from the UNet's."""
        parts, large = self._finished_parts("decoder"), self.pictures(Purpose.LARGE)["square"]
        autoencoder = parts.autoencoder
        z = autoencoding.latents_of(autoencoder, large.pixels).float()
        g, unet_guess = generator(7, 0, self.device), self._unet_guess(parts)
        guesses = torch.cat(
            [unet_guess(z[p], large.ids[p, 0].long(), g) for p in chunks(len(z), 64)]
        )
        inputs = [enlarge.decode(autoencoder, latents) for latents in (z, guesses)]
        net = enlarge.train_upscaler(self.blueprint, large, inputs, self.work / "upscaler")
        upscaler.save(net, self.out / upscaler.FOLDER)
        enlarged = enlarge.enlarge_held_out(net, large, autoencoder)
        enlarge.sheet(enlarged).save(self.work / "upscaler.png")
        self.save_figures(**enlarge.sharpness(enlarged))

    def unet(self) -> None:
        """Train UNet and text encoder on cached latents."""
        parts = self._fresh_parts("autoencoder")
        _load_weights(parts.text, self.work / "words-done.safetensors", "words")
        encoded, siblings = (
            self._encode_pictures(parts.autoencoder, purpose)
            for purpose in (Purpose.TRAIN, Purpose.SIBLINGS)
        )
        start = self.work / further.UNET
        if start.exists():
            _load_weights(parts.unet, start, "unet")
        diffuse.train_unet(
            self.blueprint,
            encoded,
            siblings,
            parts,
            self.work / "unet",
            lr=diffuse.FURTHER_LR if start.exists() else diffuse.LR,
        )
        save_weights(parts.unet, self.work / "unet-done.safetensors")
        save_weights(parts.text, self.work / "text-done.safetensors")

    def _encode_pictures(
        self, autoencoder: AutoencoderTiny, purpose: Purpose
    ) -> dict[str, EncodedPictures]:
        sets = self.pictures(purpose)
        cached = autoencoding.cached_latents(autoencoder, sets, self.work / "latents")
        return {framing: EncodedPictures(cached[framing], sets[framing]) for framing in sets}

    def export(self) -> None:
        """Write the model folder from the finished stages, with its licence and card."""
        parts = self._finished_parts("decoder")
        pipeline.write(parts, self.out, self._tokenizer_folder)
        sealing.write_card_and_licence(
            self.blueprint, self.out, self._name, further.parent_id(self.work)
        )

    def _judge_network(self) -> nn.Module:
        path = self.work / "judge.safetensors"
        _require_stage(path, "judge")
        return judge.Judge(path).network.to(self.device)

    def _autoencoder(self, stage: str) -> AutoencoderTiny:
        net = architecture.autoencoder(self.blueprint)
        nn.Module.to(net, self.device)
        _load_weights(net, self.work / f"{stage}-done.safetensors", stage)
        return net.eval()

    def _unet_guess(self, parts: ModelParts) -> decoding.UnetGuess:
        """The finished UNet's guesses at noised latents."""
        prompted_unet = diffuse.PromptedUnet(parts.unet, parts.text)
        objective = diffuse.objective_on(self.device)
        return lambda z, ids, g: diffuse.guess_latents(prompted_unet, z, ids, g, objective)

    def _finished_parts(self, stage: str) -> ModelParts:
        """The trained UNet and text encoder with the autoencoder of the given stage."""
        parts = self._fresh_parts(stage)
        _load_weights(parts.unet, self.work / "unet-done.safetensors", "unet")
        _load_weights(parts.text, self.work / "text-done.safetensors", "unet")
        parts.train(on=False)
        return parts

    def _fresh_parts(self, stage: str) -> ModelParts:
        """A fresh UNet and text encoder with the autoencoder of the given stage."""
        torch.manual_seed(4)
        tokenizer = vocabulary.load(self._tokenizer_folder)
        text = architecture.text_encoder(self.blueprint, tokenizer)
        unet = architecture.unet(self.blueprint)
        nn.ModuleList((text, unet)).to(self.device)
        return ModelParts(self._autoencoder(stage), text, unet, tokenizer)


def _require_stage(path: Path, stage: str) -> None:
    if not path.exists():
        raise EngineError(f"{path} is missing: run the stage `{stage}` first")


def _load_weights(net: nn.Module, path: Path, stage: str) -> None:
    _require_stage(path, stage)
    net.load_state_dict(load_file(path))
