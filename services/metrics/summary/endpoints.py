"""HTTP for the figures."""

from fastapi import APIRouter

from chassis.auth import AnyCaller
from chassis.database import Session
from services.metrics.summary.domain import summarize
from services.metrics.summary.repository import read_figures
from services.metrics.summary.schemas import Summary

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])


@router.get("/summary", summary="SLA, first pass, rework and rejection in figures")
async def read_summary(session: Session, caller: AnyCaller) -> Summary:
    """Counted from the events of all services, all of one moment; a fraction of a second behind them."""
    return summarize(await read_figures(session))
