"""HTTP for slots."""

from typing import Annotated

from fastapi import APIRouter, Query

from chassis.auth import AnyCaller
from chassis.database import Session
from services.intake.fields import Sku
from services.intake.slots import repository
from services.intake.slots.schemas import Slots

router = APIRouter(prefix="/v1/slots", tags=["slots"])


@router.get("", summary="What of a product is in work")
async def list_slots(caller: AnyCaller, session: Session, sku: Annotated[Sku, Query()]) -> Slots:
    """Which colorways and views, and for which request: whoever asks for the same again gets the request returned.
    A slot is free again when its shot is approved or cancelled."""
    return Slots(items=await repository.of_sku(session, sku))
