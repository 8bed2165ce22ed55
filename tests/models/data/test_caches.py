"""Caches remake damaged entries and never mix entries up; captions are split like prompts."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from models.data.buckets import Bucket
from models.data.caches import EmbeddingCache, LatentCache, weights_sha256
from models.data.tokens import token_ids
from tests.stages.tiny_models import tiny_folder

__all__ = ["tiny_folder"]

SQUARE = Bucket(512, 512)


class Encoder:
    """Makes a tensor and counts the calls."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        self.made = 0
        self.tensor = torch.randn(2, 4, 8, 8, generator=torch.manual_seed(0)).to(dtype)

    def __call__(self) -> torch.Tensor:
        self.made += 1
        return self.tensor


def latents(cache: LatentCache, encoder: Encoder, **other: Any) -> torch.Tensor:
    about: dict[str, Any] = {"picture": "a" * 64, "bucket": SQUARE, "flip": False} | other
    return cache.latents(about["picture"], about["bucket"], encoder, flip=about["flip"])


def entry(folder: Path) -> Path:
    (path,) = folder.rglob("*.safetensors")
    return path


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_latents_are_encoded_once_and_read_back_bit_for_bit(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    encoder = Encoder(dtype)
    for _ in range(3):
        got = latents(LatentCache(tmp_path, "vae"), encoder)
        assert got.dtype == dtype
        assert torch.equal(got, encoder.tensor)
    assert encoder.made == 1


@pytest.mark.parametrize(
    "other", [{"picture": "b" * 64}, {"bucket": Bucket(512, 448)}, {"flip": True}]
)
def test_another_picture_bucket_or_flip_is_another_entry(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    encoder, cache = Encoder(), LatentCache(tmp_path, "vae")
    latents(cache, encoder)
    latents(cache, encoder, **other)
    assert (encoder.made, cache.misses, cache.hits) == (2, 2, 0)


def test_another_autoencoder_is_another_entry(tmp_path: Path) -> None:
    encoder = Encoder()
    latents(LatentCache(tmp_path, "vae"), encoder)
    latents(LatentCache(tmp_path, "another vae"), encoder)
    assert encoder.made == 2


def test_weights_are_identified_by_their_values() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 3)
    before = weights_sha256(layer)
    twin = torch.nn.Linear(3, 3)
    twin.load_state_dict(layer.state_dict())
    assert weights_sha256(twin) == before
    with torch.no_grad():
        layer.weight[0, 0] += 1e-6
    assert weights_sha256(layer) != before


def test_any_damage_to_an_entry_is_found_and_repaired(tmp_path: Path) -> None:
    encoder = Encoder()
    latents(LatentCache(tmp_path, "vae"), encoder)
    path = entry(tmp_path)
    whole = path.read_bytes()
    rng = Random(0)
    cut = [whole[:-1], whole[:10], b"", b"no tensor at all"]
    flips = [rng.randrange(len(whole)) for _ in range(60)]
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in flips]
    for damaged in (*cut, *changed):
        path.write_bytes(damaged)
        cache = LatentCache(tmp_path, "vae")
        assert torch.equal(latents(cache, encoder), encoder.tensor)
        assert (cache.damaged, cache.hits) in {(1, 0), (0, 1)}
        assert path.read_bytes() == whole or cache.hits
    assert encoder.made > 1 + len(cut) + 55


def test_an_entry_under_another_name_is_not_trusted(tmp_path: Path) -> None:
    cache, first, second = LatentCache(tmp_path, "vae"), Encoder(), Encoder()
    second.tensor = second.tensor + 1
    latents(cache, first)
    latents(cache, second, flip=True)
    a, b = sorted(tmp_path.rglob("*.safetensors"))
    a.write_bytes(b.read_bytes())
    assert torch.equal(latents(cache, first), first.tensor)
    assert torch.equal(latents(cache, second, flip=True), second.tensor)
    assert cache.damaged == 1


def test_a_tensor_without_a_seal_is_not_trusted(tmp_path: Path) -> None:
    encoder, cache = Encoder(), LatentCache(tmp_path, "vae")
    latents(cache, encoder)
    save_file({"tensor": torch.zeros(2, 4, 8, 8)}, entry(tmp_path))
    assert torch.equal(latents(cache, encoder), encoder.tensor)


def test_a_full_disk_leaves_no_partial_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left"):
            latents(LatentCache(tmp_path, "vae"), Encoder())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert torch.equal(latents(LatentCache(tmp_path, "vae"), Encoder()), Encoder().tensor)


def test_embeddings_are_keyed_by_encoder_clip_skip_and_text(tmp_path: Path) -> None:
    encoder = Encoder()
    for name, skip, text in (("e", 1, "a"), ("e", 1, "b"), ("e", 2, "a"), ("f", 1, "a")):
        EmbeddingCache(tmp_path, name, clip_skip=skip).embeddings(text, encoder)
    assert encoder.made == 4
    EmbeddingCache(tmp_path, "e", clip_skip=2).embeddings("a", encoder)
    assert encoder.made == 4


@pytest.fixture(scope="module")
def words(tiny_folder: Path) -> Any:
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(tiny_folder / "tokenizer")


def test_225_tokens_make_three_chunks_and_longer_captions_are_cut(words: Any) -> None:
    # The tiny tokenizer makes a token of each letter.
    for letters, chunks in ((75, 1), (76, 2), (150, 2), (225, 3), (400, 3)):
        ids = token_ids(["x" * letters], words)
        assert ids.shape == (1, chunks, 77)
        assert (ids[0, :, 0] == words.bos_token_id).all()
        assert (ids[0, :, 76] == words.eos_token_id).all()
        marks = {words.bos_token_id, words.eos_token_id}
        spoken = [i for i in ids.flatten().tolist() if i not in marks]
        assert len(spoken) == min(letters, 225)


def test_shorter_captions_are_padded_with_empty_chunks(words: Any) -> None:
    ids = token_ids(["1girl", "x" * 100], words)
    assert ids.shape == (2, 2, 77)
    assert torch.equal(ids[0, 1], token_ids([""], words)[0, 0])
    assert torch.equal(ids[0, 0], token_ids(["1girl"], words)[0, 0])


def test_training_encodes_a_long_caption_as_drawing_encodes_the_prompt(
    tiny_folder: Path, words: Any
) -> None:
    from transformers import CLIPTextModel

    from models.engine.conditioning import Conditioner

    encoder = CLIPTextModel.from_pretrained(tiny_folder / "text_encoder").eval()
    caption = ", ".join(["1girl", "blue hair", "glasses", "school uniform", "smile"] * 4)
    with torch.inference_mode():
        drawn = Conditioner(words, encoder).encode(caption).tokens
        trained = encoder(input_ids=token_ids([caption], words)[0]).last_hidden_state
    assert len(drawn) == 3 * 77
    assert torch.allclose(trained.flatten(0, 1), drawn, atol=1e-6)


def test_prompt_syntax_in_a_caption_is_plain_text(words: Any) -> None:
    plain = words("(a:2) BREAK", add_special_tokens=False)["input_ids"]
    ids = token_ids(["(a:2) BREAK"], words)
    assert ids.shape == (1, 1, 77)
    assert ids[0, 0, 1 : 1 + len(plain)].tolist() == plain
    assert token_ids(["a<|endoftext|>b"], words)[0, 0].tolist().index(words.eos_token_id) > 2


def test_an_empty_list_of_texts_is_refused(words: Any) -> None:
    with pytest.raises(ValueError, match="no texts"):
        token_ids([], words)
