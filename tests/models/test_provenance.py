"""Files state their origin: read back by an independent parser and by Pillow."""

from __future__ import annotations

import io
import random
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
import sd_parsers
from PIL import Image

from models.contract import Aspect, Draw, Limits, ModelInfo, Sampler
from models.provenance import (
    DIGITAL_SOURCE_TYPE,
    Provenance,
    a1111_parameters,
    encode_png,
    encode_smaller,
)
from tests.stages.tiny_models import request

SIZE_PX = (96, 64)
HARD_PROMPT = 'masterpiece, (青い髪:1.3), "quoted", a: b'


def provenance(*, card_id: str = "embedded-1", **changes: object) -> Provenance:
    draw = Draw(
        prompt=HARD_PROMPT,
        negative="lowres, bad hands",
        width_px=SIZE_PX[0],
        height_px=SIZE_PX[1],
        seed=4294967295,
        steps=24,
        guidance=7.5,
        sampler=Sampler.DPMPP_2M,
    )
    return Provenance(
        job_id="0123456789",
        card_id=card_id,
        model_name="Embedded: Waifu, small",
        draw=replace(draw, **changes),  # type: ignore[arg-type]
        batch_width=3,
        licence_name="CreativeML Open RAIL-M",
    )


def noise() -> bytes:
    return random.Random(1).randbytes(3 * SIZE_PX[0] * SIZE_PX[1])


def parsed(data: bytes) -> sd_parsers.PromptInfo:
    info = sd_parsers.ParserManager().parse(io.BytesIO(data))
    assert info is not None
    return info


def xmp_of(data: bytes) -> dict[str, str]:
    """The attributes of the picture's XMP description, without their namespaces."""
    with Image.open(io.BytesIO(data)) as picture:
        packet = picture.info["xmp"]
    text = packet.decode() if isinstance(packet, bytes) else packet
    assert text.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    root = ET.fromstring(text)  # noqa: S314  our own bytes
    description = root.find(".//{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    assert description is not None
    return {key.rpartition("}")[2]: value for key, value in description.attrib.items()}


def test_the_pixels_survive_encoding() -> None:
    rgb = noise()
    with Image.open(io.BytesIO(encode_png(rgb, *SIZE_PX, provenance()))) as picture:
        assert (picture.mode, picture.size) == ("RGB", SIZE_PX)
        assert picture.tobytes() == rgb


def assert_settings_are_read_back(data: bytes) -> None:
    info = parsed(data)
    assert info.generator.value == "AUTOMATIC1111"
    sampler = info.samplers[0]
    assert sampler.name == "DPM++ 2M"
    assert sampler.parameters["seed"] == "4294967295"
    assert sampler.parameters["steps"] == "24"
    assert sampler.parameters["cfg_scale"] == "7.5"
    assert sampler.prompts[0].value == HARD_PROMPT
    assert sampler.negative_prompts[0].value == "lowres, bad hands"


def test_an_independent_parser_reads_the_settings() -> None:
    assert_settings_are_read_back(encode_png(noise(), *SIZE_PX, provenance()))


def test_a_picture_without_a_negative_is_read_too() -> None:
    info = parsed(encode_png(noise(), *SIZE_PX, provenance(negative="")))
    assert info.samplers[0].prompts[0].value == HARD_PROMPT
    assert not info.samplers[0].negative_prompts


def test_the_png_carries_job_card_and_the_ai_mark() -> None:
    data = encode_png(noise(), *SIZE_PX, provenance())
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.info["job_id"] == "0123456789"
        assert picture.info["card_id"] == "embedded-1"
    assert b"iTXtXML:com.adobe.xmp" in data
    xmp = xmp_of(data)
    assert xmp["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert (xmp["JobId"], xmp["CardId"]) == ("0123456789", "embedded-1")


def test_ids_that_would_break_the_packet_are_escaped() -> None:
    card_id = "<\"&'>"
    assert xmp_of(encode_png(noise(), *SIZE_PX, provenance(card_id=card_id)))["CardId"] == card_id


def test_a_preview_carries_only_the_ai_mark() -> None:
    data = encode_png(noise(), *SIZE_PX)
    with Image.open(io.BytesIO(data)) as picture:
        assert "parameters" not in picture.info
    xmp = xmp_of(data)
    assert xmp["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert "JobId" not in xmp


def test_pixels_that_do_not_fit_the_size_are_refused() -> None:
    with pytest.raises(ValueError, match="data"):
        encode_png(noise()[:-1], *SIZE_PX)


def test_a_smaller_file_fits_and_keeps_settings_and_mark() -> None:
    png = encode_png(noise(), *SIZE_PX, provenance())
    for max_bytes in (len(png) - 1, len(png) // 2, len(png) // 6):
        data, extension = encode_smaller(png, max_bytes)
        assert extension == "webp"
        assert len(data) <= max_bytes
        assert_settings_are_read_back(data)
        assert xmp_of(data) == xmp_of(png)


def test_a_file_is_made_no_smaller_than_necessary() -> None:
    flat = encode_png(bytes(3 * SIZE_PX[0] * SIZE_PX[1]), *SIZE_PX, provenance())
    data, _ = encode_smaller(flat, 100_000)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == SIZE_PX
        assert picture.convert("RGB").tobytes() == bytes(3 * SIZE_PX[0] * SIZE_PX[1])
    sizes = [len(encode_smaller(encode_png(noise(), *SIZE_PX), limit)[0]) for limit in (9000, 3000)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_picture_that_cannot_be_made_small_enough_is_an_error() -> None:
    with pytest.raises(ValueError, match="under 10 bytes"):
        encode_smaller(encode_png(noise(), *SIZE_PX, provenance()), 10)


def test_a_value_that_would_break_the_line_is_quoted() -> None:
    last = a1111_parameters(provenance()).splitlines()[-1]
    assert 'Model: "Embedded: Waifu, small"' in last
    assert last.startswith("Steps: 24, Sampler: DPM++ 2M, CFG scale: 7.5, Seed: 4294967295")


def test_clip_skip_is_named_only_if_requested() -> None:
    assert "Clip skip" not in a1111_parameters(provenance())
    assert "Size: 96x64, Clip skip: 2, Model: " in a1111_parameters(provenance(clip_skip=2))


def test_a_request_and_a_model_make_a_provenance() -> None:
    info = ModelInfo(
        card_id="c",
        name="m",
        sizes_px=dict.fromkeys(Aspect, (16, 16)),
        default_steps=1,
        default_guidance=1.0,
        default_sampler=Sampler.EULER,
        default_negative="",
        limits=Limits(),
        licence_name="L",
        licence_text="",
        licence_sha256="",
    )
    made = Provenance.of(request("job"), info, batch_width=2)
    assert (made.job_id, made.card_id, made.draw) == ("job", "c", request("job").draw)
    assert (made.batch_width, made.licence_name) == (2, "L")
    assert "Sampler: Euler a, " in a1111_parameters(made)
