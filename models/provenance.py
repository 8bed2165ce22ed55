"""Encodes pixels as files that state their origin: PNG, and smaller WebP for upload limits.

Every file carries the settings in AUTOMATIC1111's format, the ids of the job and of the model's
card, and the machine-readable mark "made by a trained algorithm" (IPTC digital source type, in
XMP). Torch-free: `bot` and `models.engine.draw` call it. Must not know Discord or where files go.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.contract import Draw, ModelInfo, RenderRequest

#: IPTC's term for media that a trained model made.
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
#: The format that `encode_smaller` writes, as a file extension.
SMALLER_EXTENSION = "webp"

_PARAMETERS, _JOB, _CARD, _XMP = "parameters", "job_id", "card_id", "XML:com.adobe.xmp"
_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
#: Encodings from the best to the smallest: None is lossless.
_QUALITIES = (None, 95, 85, 75, 60, 40)
_SCALES = (1.0, 0.75, 0.5, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """A picture's origin, as stored in its file."""

    job_id: str
    card_id: str
    model_name: str
    draw: Draw
    #: The most rows that shared a UNet call with it, which affects rounding.
    batch_width: int
    licence_name: str

    @classmethod
    def of(cls, request: RenderRequest, info: ModelInfo, *, batch_width: int = 1) -> Provenance:
        """The provenance of a request's picture; the row's id is the job's."""
        return cls(
            job_id=request.row_id,
            card_id=info.card_id,
            model_name=info.name,
            draw=request.draw,
            batch_width=batch_width,
            licence_name=info.licence_name,
        )


def encode_png(
    rgb: bytes, width_px: int, height_px: int, provenance: Provenance | None = None
) -> bytes:
    """A PNG of 8-bit RGB pixels, row by row. ValueError if their number does not fit the size.

    Without a provenance (a preview) it carries only the "made by AI" mark.
    """
    texts = PngInfo()
    if provenance:
        texts.add_text(_PARAMETERS, a1111_parameters(provenance))
        texts.add_text(_JOB, provenance.job_id)
        texts.add_text(_CARD, provenance.card_id)
    job_id, card_id = (provenance.job_id, provenance.card_id) if provenance else ("", "")
    texts.add_itxt(_XMP, xmp_packet(job_id, card_id))
    out = io.BytesIO()
    Image.frombytes("RGB", (width_px, height_px), rgb).save(out, "PNG", pnginfo=texts)
    return out.getvalue()


def encode_smaller(png: bytes, max_bytes: int) -> tuple[bytes, str]:
    """The picture of one of our PNGs in at most `max_bytes`: the data and the file's extension.

    Lossless WebP first, then falling quality, then falling size; settings and marks are kept.
    ValueError if nothing is small enough.
    """
    with Image.open(io.BytesIO(png)) as opened:
        opened.load()
        texts = {key: text for key, text in opened.info.items() if isinstance(text, str)}
        picture = opened.convert("RGB")
    xmp = texts.get(_XMP) or xmp_packet(texts.get(_JOB, ""), texts.get(_CARD, ""))
    for data in _encodings(picture, _exif(texts.get(_PARAMETERS, "")), xmp.encode()):
        if len(data) <= max_bytes:
            return data, SMALLER_EXTENSION
    raise ValueError(f"the picture cannot be brought under {max_bytes} bytes")


def a1111_parameters(provenance: Provenance) -> str:
    """The settings as the three paragraphs that AUTOMATIC1111's web interface reads."""
    draw = provenance.draw
    values = {
        "Steps": str(draw.steps),
        "Sampler": draw.sampler.label,
        "CFG scale": f"{draw.guidance:g}",
        "Seed": str(draw.seed),
        "Size": f"{draw.width_px}x{draw.height_px}",
        **({"Clip skip": str(draw.clip_skip)} if draw.clip_skip else {}),
        **({"Denoising strength": f"{draw.strength:g}"} if draw.strength is not None else {}),
        **({"Upscaled": "yes"} if draw.enlarged else {}),
        "Model": provenance.model_name,
        "Model card": provenance.card_id,
        "Job": provenance.job_id,
        "Batch width": str(provenance.batch_width),
        "Licence": provenance.licence_name,
        **({"Asked": draw.prompt} if draw.completion else {}),
    }
    lines = [draw.words]
    if draw.negative:
        lines.append(f"Negative prompt: {draw.negative}")
    lines.append(", ".join(f"{key}: {_quoted(value)}" for key, value in values.items()))
    return "\n".join(lines)


def xmp_packet(job_id: str, card_id: str) -> str:
    """The XMP packet with IPTC's digital source type and our two ids (left out where empty)."""
    ids = {"JobId": job_id, "CardId": card_id}
    attributes = "".join(f" wd:{name}={quoteattr(value)}" for name, value in ids.items() if value)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:wd="urn:waifu-diffusion-bot:1"'
        f' Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"'
        f' xmp:CreatorTool="Waifu Diffusion bot"{attributes}/>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def _encodings(picture: Image.Image, exif: bytes, xmp: bytes) -> Iterator[bytes]:
    """Ever smaller encodings of the picture, in order of quality."""
    for scale in _SCALES:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        scaled = picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)
        for quality in _QUALITIES:
            out = io.BytesIO()
            scaled.save(
                out, "WEBP", lossless=quality is None, quality=quality or 80, exif=exif, xmp=xmp
            )
            yield out.getvalue()


def _exif(parameters: str) -> bytes:
    """The settings as EXIF's UserComment, where AUTOMATIC1111 keeps them outside PNG."""
    exif = Image.Exif()
    exif.get_ifd(_EXIF_IFD)[_USER_COMMENT] = b"UNICODE\0" + parameters.encode("utf-16-be")
    return exif.tobytes()


def _quoted(value: str) -> str:
    """A value that would break the line of settings, quoted as in JSON."""
    return json.dumps(value, ensure_ascii=False) if set(value) & set(",:\n") else value
