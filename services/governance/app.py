"""Governance: who may decide what, and what AI may do. This file is the service's index."""

from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.app import create_service_app
from chassis.service import Service
from services.governance.ai_policy import endpoints as ai_policy_endpoints
from services.governance.ai_policy.service import publish_default_policy
from services.governance.decision_domains import endpoints as decision_domains_endpoints
from services.governance.decision_domains.service import publish_default_domains
from services.governance.settings import GovernanceSettings

PACKS = Path(__file__).parent / "packs"


async def publish_default_packs(session: AsyncSession) -> None:
    """Version 1 of each pack, on the first start."""
    await publish_default_domains(session, PACKS / "decision_domains.toml")
    await publish_default_policy(session, PACKS / "ai_policy.toml")


def create_app(settings: GovernanceSettings | None = None) -> FastAPI:
    service = Service(settings or GovernanceSettings(), on_start=publish_default_packs)
    return create_service_app(
        service,
        title="Governance",
        description="Decision domains with one owner each, and the AI usage policy.",
        routers=[decision_domains_endpoints.router, ai_policy_endpoints.router],
    )
