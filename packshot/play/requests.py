"""The requests of a run: complete ones for each category, and an incomplete one to be returned."""

from datetime import timedelta
from typing import Any

from chassis.clock import now
from packshot.play.plan import ProductPlan

Json = dict[str, Any]

# What a product type is made of; its class follows from it.
MATERIALS = {
    "t-shirt": ["cotton"],
    "hoodie": ["fleece"],
    "trousers": ["cotton", "elastane"],
    "jacket": ["nylon"],
    "tank top": ["jersey"],
    "bag": ["nylon"],
    "watch": ["steel", "glass"],
    "shoe": ["canvas", "rubber"],
}
# Of a product type that isn't known here.
PLAIN = {"apparel": ["cotton"], "bags": ["nylon"], "shoes": ["canvas"], "jewelry": ["steel"]}
DEADLINE = timedelta(days=30)
ATTRIBUTES: dict[str, Json] = {
    "apparel": {
        "model_requirement": "on_model",
        "fit_notes": "Regular fit; hem and sleeves as worn, nothing slimmed.",
        "size_represented": "M",
        "ghost_mannequin": False,
        "fabric_sensitivity": "robust",
        "colour_accuracy": "standard",
    },
    "bags": {"closure": "zip", "colour_accuracy": "standard"},
    "shoes": {"size_represented": "EU 42", "closure": "laces", "colour_accuracy": "standard"},
    "jewelry": {
        "metal_type": "steel",
        "stone_type": "none",
        "reflection_rules": "Soft gradient on the case, no camera or hands in the glass.",
        "macro_requirements": "Dial and clasp.",
        "background_requirements": "Pure white, no shadow.",
    },
}
AI = {"use": "background_generation", "human_review": True, "source_image": "the studio's capture"}
NO_PHOTO = "The catalogue has no photo of this view."


def complete_request(plan: ProductPlan, category: Json, channels: list[str]) -> Json:
    """A request that intake accepts. What the catalogue has no photo of is waived, with the cause."""
    product = plan.product
    recipe = {view["view"]: view for view in category["recipe"]}
    wanted = {(photo.colorway, photo.view) for photo in product.photos}
    waivers = []
    for view in sorted({*recipe, *product.views}):
        is_wanted = view in product.views or _is_needed(recipe[view], ATTRIBUTES[product.category])
        without = [colorway for colorway in product.colorways if (colorway, view) not in wanted]
        if is_wanted and len(without) == len(product.colorways):
            waivers.append({"view": view, "cause": NO_PHOTO})
        elif is_wanted:
            waivers += [{"view": view, "colorway": colorway, "cause": NO_PHOTO} for colorway in without]
    return {
        "sku": product.sku,
        "product_name": product.name,
        "category": product.category,
        "materials": MATERIALS.get(product.product_type, PLAIN[product.category]),
        "use": "catalog",
        "colorways": product.colorways,
        "required_views": [view for view in product.views if not recipe[view]["mandatory"]],
        "waivers": waivers,
        "channels": channels,
        "references": ["Brand guide, chapter 4: packshots on pure white"],
        "approval_owner": "Mina",
        "priority": "normal",
        "deadline": (now() + DEADLINE).isoformat(),
        "attributes": ATTRIBUTES[product.category],
        "ai": AI if plan.ai else None,
    }


def _is_needed(view: Json, attributes: Json) -> bool:
    when = view["when"]
    return bool(view["mandatory"] and (when is None or attributes.get(when["field"]) == when["value"]))


def without_what_is_missing(body: Json) -> Json:
    """The same request as people often send it: nobody is named to approve, no reference is given."""
    return {key: value for key, value in body.items() if key not in ("approval_owner", "references")}
