"""F06–F08: names, versions and labels that contradict what is on record."""

import dataclasses
import hashlib

from services.qc.evaluation.changes import saved
from services.qc.evaluation.photo import Case, Photo
from services.qc.evaluation.registry import CONTROL, defect
from services.qc.inspection.reference import AiUse

_GENERATED = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    b'i:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


@defect("F06", "misnamed", "named by another pattern", control=True)
def misnamed(photo: Photo, severity: float) -> Case:
    case = photo.case(photo.data)
    return case if severity == CONTROL else dataclasses.replace(case, filename=f"final_{case.filename}")


@defect("F06", "unknown SKU", "named after a SKU that doesn't exist")
def unknown_sku(photo: Photo, severity: float) -> Case:
    return dataclasses.replace(photo.case(photo.data), filename=f"X{photo.name()}")


@defect("F07", "other version", "another file than the approved one", control=True)
def other_version(photo: Photo, severity: float) -> Case:
    reference = dataclasses.replace(photo.reference, approved_sha256=hashlib.sha256(photo.data).hexdigest())
    return photo.case(photo.data if severity == CONTROL else saved(photo.pixels), reference=reference)


@defect("F08", "no AI label", "a generated picture without its label", control=True)
def no_label(photo: Photo, severity: float) -> Case:
    reference = dataclasses.replace(photo.reference, ai_use=AiUse.GENERATED)
    data = saved(photo.pixels, xmp=_GENERATED) if severity == CONTROL else saved(photo.pixels)
    return photo.case(data, reference=reference)


@defect("F08", "contradicting label", "labelled as generated where no AI is on record")
def contradicting_label(photo: Photo, severity: float) -> Case:
    return photo.case(saved(photo.pixels, xmp=_GENERATED))
