"""Complete briefs, one of each kind, and the reference data that intake gets from others."""

import copy
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from chassis.clock import now
from chassis.packs import read_toml
from contracts.assets import ChannelPack, ChannelPackPublished
from contracts.governance import AiPolicyPublished, AiRule, DecisionDomainsPublished, DomainOwner
from contracts.values import ImageSpec

_GOVERNANCE = Path(__file__).parents[2] / "services" / "governance" / "packs"
_BLANK_RULE: dict[str, Any] = {
    "uses": [],
    "categories": [],
    "materials": [],
    "intended_uses": [],
    "without_human_review": False,
    "conditions": [],
    "raises_class_to": None,
}

# Governance's own defaults, so that what is tested here is what is refused out of the box.
AI_POLICY = AiPolicyPublished(
    version=1, rules=[AiRule(**_BLANK_RULE | rule) for rule in read_toml(_GOVERNANCE / "ai_policy.toml")["rules"]]
)
DOMAINS = DecisionDomainsPublished(
    version=1,
    domains=[
        DomainOwner.model_validate(domain) for domain in read_toml(_GOVERNANCE / "decision_domains.toml")["domains"]
    ],
)


def channel_pack(channel: str, version: int = 1) -> ChannelPackPublished:
    return ChannelPackPublished(
        pack=ChannelPack(
            channel=channel,
            version=version,
            spec=ImageSpec(),
            width=2000,
            height=2500,
            format="jpeg",
            quality=90,
            background="white",
            fill=None,
            naming="{sku}_{colorway}_{view}.jpg",
            source="the brand's own",
            read_on="2026-11-24",
            confidence="high",
        )
    )


CHANNELS = [channel_pack(name) for name in ("pdp", "amazon", "zalando")]
CHANNEL_NAMES = frozenset(published.pack.channel for published in CHANNELS)


_numbers = count(1)


def _sku(model: str) -> str:
    """Each brief is of another product: what is in work already can't be asked for again."""
    return f"{model}-{next(_numbers)}"


def _common() -> dict[str, Any]:
    return {
        "sku": _sku("MH01"),
        "product_name": "Chaz Kangeroo Hoodie",
        "use": "catalog",
        "colorways": ["black", "gray"],
        "channels": ["pdp", "amazon"],
        "references": ["https://brand.example/guides/2027.pdf"],
        "deadline": f"{now() + timedelta(days=14):%Y-%m-%dT%H:%M:%SZ}",
        "approval_owner": "ines.moreau",
        "priority": "normal",
    }


def apparel() -> dict[str, Any]:
    return _common() | {
        "category": "apparel",
        "materials": ["cotton", "fleece"],
        "attributes": {
            "model_requirement": "on_model",
            "fit_notes": "Regular fit, hem at the hip.",
            "size_represented": "M",
            "ghost_mannequin": False,
            "fabric_sensitivity": "robust",
            "colour_accuracy": "standard",
        },
    }


def shoes() -> dict[str, Any]:
    return _common() | {
        "sku": _sku("SH07"),
        "category": "shoes",
        "materials": ["leather", "rubber"],
        "attributes": {"size_represented": "EU 42", "closure": "laces", "colour_accuracy": "high"},
    }


def bags() -> dict[str, Any]:
    return _common() | {
        "sku": _sku("MB02"),
        "category": "bags",
        "materials": ["nylon", "metal_hardware"],
        "required_views": ["back"],
        "waivers": [
            {"view": "scale", "cause": "The size has not changed since last season."},
            {"view": "back", "colorway": "gray", "cause": "Only the black one has a print there."},
        ],
        "proposed_class": "C2",
        "proposed_track": "catalog",
        "attributes": {
            "closure": "zip",
            "colour_accuracy": "standard",
            "hardware": ["zipper", "buckle"],
            "strap_count": 2,
            "laptop_sleeve": True,
        },
    }


def jewelry() -> dict[str, Any]:
    return _common() | {
        "sku": _sku("MG04"),
        "category": "jewelry",
        "materials": ["steel", "glass", "leather"],
        "attributes": {
            "metal_type": "steel",
            "stone_type": "none",
            "reflection_rules": "Soft gradient on the case, no camera in the glass.",
            "macro_requirements": "Crown and clasp.",
            "background_requirements": "Pure white.",
        },
    }


def ai_model_shot() -> dict[str, Any]:
    return apparel() | {
        "ai": {
            "use": "model_shot_from_flat_lay",
            "human_review": True,
            "source_image": "flat-lay-mh01.tif",
            "target_model_type": "Adult, size M.",
            "pose": "Standing, three-quarter view.",
            "styling_constraints": "Sleeves down.",
            "anatomy_risk": "medium",
        }
    }


def ai_background() -> dict[str, Any]:
    return apparel() | {
        "ai": {"use": "background_generation", "human_review": True, "source_image": "mh01-black-0.jpg"}
    }


def experiment() -> dict[str, Any]:
    brief = apparel() | {"use": "experiment", "ai": {"use": "lifestyle_draft", "human_review": True}}
    del brief["channels"]
    return brief


COMPLETE = {
    "apparel": apparel,
    "shoes": shoes,
    "bags": bags,
    "jewelry": jewelry,
    "ai_model_shot": ai_model_shot,
    "ai_background": ai_background,
    "experiment": experiment,
}


def without(brief: dict[str, Any], *path: str) -> dict[str, Any]:
    """A copy without one field."""
    changed = copy.deepcopy(brief)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


def changed(brief: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with fields replaced; `attributes__closure=…` reaches inside."""
    copied = copy.deepcopy(brief)
    for name, value in changes.items():
        *path, last = name.split("__")
        inner = copied
        for step in path:
            inner = inner[step]
        inner[last] = value
    return copied
