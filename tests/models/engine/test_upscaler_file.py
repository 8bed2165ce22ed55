"""An upscaler in a single file: the layouts that are read, and how a wrong file is refused."""

from __future__ import annotations

import pickle
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.contract import EngineError
from models.engine import upscaler
from models.engine.loader import load as load_model
from models.engine.upscaler_file import Compact, Rrdb, load
from tests.stages.tiny_models import tiny_folder

__all__ = ["tiny_folder"]

CPU = torch.device("cpu")


def network(kind: str) -> nn.Module:
    torch.manual_seed(2)
    kinds = {
        "rrdb": lambda: Rrdb(4, 2, 3), "rrdb-x2": lambda: Rrdb(4, 2, 3, unshuffle=2),
        "compact": lambda: Compact(6, 3, 4), "compact-x2": lambda: Compact(6, 2, 2),
    }  # fmt: skip
    return kinds[kind]().eval()


def as_old(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names in ESRGAN's own code."""
    plain = {
        "conv_first": "model.0", "conv_body": "model.1.sub.2", "conv_up1": "model.3",
        "conv_up2": "model.6", "conv_hr": "model.8", "conv_last": "model.10",
    }  # fmt: skip
    found = dict[str, Tensor]()
    for name, value in weights.items():
        stem, _, leaf = name.rpartition(".")
        if stem in plain:
            found[f"{plain[stem]}.{leaf}"] = value
        else:
            _, number, dense, conv = stem.split(".")
            found[f"model.1.sub.{number}.{dense.upper()}.{conv}.0.{leaf}"] = value
    return found


@pytest.mark.parametrize(
    ("kind", "scale"), [("rrdb", 4), ("rrdb-x2", 2), ("compact", 4), ("compact-x2", 2)]
)
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_file_enlarges_like_the_network_that_was_saved(
    tmp_path: Path, kind: str, scale: int, suffix: str
) -> None:
    net, path = network(kind), tmp_path / f"up.{suffix}"
    if suffix == "pth":
        torch.save({"params_ema": net.state_dict()}, path)
    else:
        save_file(net.state_dict(), path)
    magnifier, pixels = load(path, CPU), torch.rand(3, 7, 10)
    assert magnifier.scale == scale
    assert magnifier(pixels).shape == (3, 7 * scale, 10 * scale)
    even = torch.rand(3, 8, 12)
    assert torch.allclose(magnifier(even), net(even[None])[0].clamp(0, 1), atol=1e-5)


def test_old_weight_names_load_the_same_network(tmp_path: Path) -> None:
    net, path = network("rrdb"), tmp_path / "old.pth"
    torch.save(as_old(net.state_dict()), path)
    pixels = torch.rand(3, 8, 8)
    assert torch.allclose(load(path, CPU)(pixels), net(pixels[None])[0].clamp(0, 1), atol=1e-5)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (print, ("code ran",))


def test_an_invalid_file_is_refused_in_one_sentence_and_runs_no_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trap, torn, strange = (tmp_path / name for name in ("a.pth", "b.safetensors", "c.safetensors"))
    trap.write_bytes(pickle.dumps({"params": Trap()}))
    torn.write_bytes(b"torn")
    save_file({"some.weight": torch.zeros(3)}, strange)
    for path in (trap, torn, strange, tmp_path / "none.pth"):
        with pytest.raises(EngineError, match=r"UPSCALER_FILE.*no upscaler") as caught:
            load(path, CPU)
        assert "\n" not in str(caught.value)
    assert "code ran" not in capsys.readouterr().out


def test_the_operators_upscaler_file_is_used_instead_of_the_folders_own(
    tiny_folder: Path, tmp_path: Path
) -> None:
    path, net = tmp_path / "up.safetensors", network("compact-x2")
    save_file(net.state_dict(), path)
    folder = shutil.copytree(tiny_folder, tmp_path / "with-upscaler")
    upscaler.save(upscaler.Upscaler(4, 1), folder / upscaler.FOLDER)
    assert load_model(str(folder), device="cpu").info.upscale_factor == 4
    for model in (tiny_folder, folder):
        parts = load_model(str(model), device="cpu", upscaler_path=path)
        assert parts.info.upscale_factor == 2
        assert parts.magnifier is not None
        pixels = torch.rand(3, 8, 8)
        torch.testing.assert_close(parts.magnifier(pixels), net(pixels[None])[0].clamp(0, 1))


def test_a_file_cannot_make_the_loader_build_a_very_deep_network(tmp_path: Path) -> None:
    path = tmp_path / "deep.pth"
    weights = Compact(6, 3, 4).state_dict()
    torch.save(weights | {"body.4000.weight": torch.zeros(48)}, path)
    with pytest.raises(EngineError, match=r"no part of it is called 'body\.9\.weight'"):
        load(path, CPU)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"body.0.weight": torch.zeros(1).expand(2**40, 3, 3, 3)}, "larger than the file"),
        ({"body.0.weight": torch.zeros(9).expand(2**20, 9)}, "larger than the file"),
        ({"body.0.weight": torch.empty(2**40, 3, device="meta")}, "larger than the file"),
        (
            {
                "conv_first.weight": torch.zeros(2**17, 3, 1, 1, dtype=torch.int8),
                "body.0.rdb1.conv1.weight": torch.zeros(4, 4, 3, 3),
            },
            "loading state_dict",
        ),
    ],
)
def test_a_small_file_cannot_make_the_loader_build_a_wide_network(
    tmp_path: Path, weights: dict[str, Tensor], told: str
) -> None:
    path = tmp_path / "wide.pth"
    torch.save(weights, path)
    with pytest.raises(EngineError, match=told):
        load(path, CPU)


def test_a_compressed_file_is_not_unpacked(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.pth", tmp_path / "packed.pth"
    torch.save(network("compact").state_dict(), plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, old.read(part))
    with pytest.raises(EngineError, match="it is compressed"):
        load(packed, CPU)
