"""Locates a model: the embedded one, a folder, or the local copy of one from the model hub.

Torch-free; called by `loader`, `safety` and `check`, and for a WD tagger's files. Only a hub id
touches the network, and only for what is not on this machine yet. Must not know more about the
files than their family.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from models.catalogue.adoption import MARKS, family_of
from models.catalogue.registry import EMBEDDED, card_of, model_info
from models.contract import EngineError, ModelInfo

#: The form of a model hub id.
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
_CONFIGS = ("*.json", "*/*.json", "tokenizer*/*", "LICEN[CS]E*")


def locate(model: str) -> tuple[Path, str | None]:
    """A model's folder and, if it came from the hub, its id. Fetches what is missing."""
    folder, hub_id = _locate_configs(model)
    return (folder if hub_id is None else _fetch_weights(hub_id, folder)), hub_id


def read_info(model: str) -> ModelInfo:
    """What the bot needs to know about a model, read without its weights.

    A hub model's weights are not fetched either, and `upscale_factor` stays 1: the upscaler is not
    opened. Raises EngineError like `locate`, or CardError.
    """
    folder, hub_id = _locate_configs(model)
    return model_info(card_of(folder, hub_id), folder)


def _locate_configs(model: str) -> tuple[Path, str | None]:
    """As `locate`, but what is fetched from the hub is all except the weights."""
    if model == "embedded":
        return EMBEDDED, None
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder, None
    if folder.is_file():
        raise EngineError(
            f"{model} is a file; give a diffusers folder or a hub id instead. A checkpoint "
            "becomes a folder with python -m models import."
        )
    if not HUB_ID.fullmatch(model):
        raise EngineError(f"there is no folder {model}, and it is not a hub id such as owner/name.")
    return fetch(model, _CONFIGS), model


def _fetch_weights(hub_id: str, folder: Path) -> Path:
    """The local copy of a hub model: configs, tokenizer, licence and one set of weights.

    `folder` has the configs already. They are small and the weights gigabytes, so the model's
    family is checked first.
    """
    import huggingface_hub as hub

    texts = MARKS[family_of(folder, hub_id)].texts
    with _explain_errors(hub_id):
        for wanted in _weight_files(texts):
            folder = Path(hub.snapshot_download(hub_id, allow_patterns=[*_CONFIGS, *wanted]))
            if all((folder / path).exists() for path in wanted):
                return folder
    raise EngineError(f"{hub_id} is not a complete diffusers model: it lacks weights.")


def fetch(hub_id: str, names: Sequence[str]) -> Path:
    """The local folder with these files of a hub repository.

    EngineError if they are unavailable.
    """
    import huggingface_hub as hub

    with _explain_errors(hub_id):
        return Path(hub.snapshot_download(hub_id, allow_patterns=list(names)))


@contextmanager
def _explain_errors(hub_id: str) -> Iterator[None]:
    """Turn whatever the hub's library raises into one sentence."""
    from huggingface_hub import errors

    try:
        yield
    except (errors.RepositoryNotFoundError, errors.HFValidationError) as fault:
        raise EngineError(f"the model hub has no {hub_id}, or it is private.") from fault
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as fault:
        raise EngineError(
            f"{hub_id} is not on this machine and the model hub cannot be reached: "
            "check the connection, or name a folder."
        ) from fault


def _weight_files(texts: Iterable[str]) -> Iterator[list[str]]:
    """The weight files of a whole model with these text encoders: the safe formats first."""
    for text_stem, suffix in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        stems = [f"{part}/diffusion_pytorch_model" for part in ("unet", "vae")]
        stems += [f"{text}/{text_stem}" for text in texts]
        yield [stem + suffix for stem in stems]
