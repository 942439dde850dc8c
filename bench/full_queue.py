"""A queue in which 100,000 items wait, and what is done to it besides claims."""

import asyncpg

from chassis.testkit import servers

WAITING = 100_000

_TEAMS = ("skin_beauty", "colour_texture", "ghost_mannequin", "jewelry_reflective")

# A month of a brand: SKUs of eight items, a third of them for a team, of every level, priority and due date.
_FILL = f"""
    INSERT INTO work_item (
        id, version, kind, request_id, sku, product_name, category, materials, colorway, view, spec, complexity_class,
        track, queue, owner_role, priority, gates, final_reviewers, zoom_required, ai, state, round, due_at, risk,
        approval_owner, created_at, updated_at, ready_at, packs, chosen_by, step, blocked_for, rungs, team, level
    )
    SELECT
        gen_random_uuid(), 1, 'shot', md5('request ' || n / 8)::uuid, 'SKU-' || n / 8, 'Argus Tee', 'apparel',
        ARRAY['cotton'], 'colorway ' || n % 2, 'view ' || n % 8, '{{}}', 'C1', 'catalog', 'catalog', 'producer',
        (ARRAY['normal', 'normal', 'normal', 'high', 'low', 'urgent'])[1 + (n * 7919) % 6],
        ARRAY['technical', 'styling_fit', 'brand_merch', 'final_qc'], 1, false, false, 'ready', 0,
        now() + (n * 7919) % {WAITING} * interval '10 seconds', 'on_time', 'mina', now(), now(), now(),
        '{{"tracks": 1, "classes": 1, "calendar": 1}}',
        '[{{"decides": "track", "rule": "catalog", "because": "nothing asks for another track"}}]', 'studio', '{{}}', 0,
        (ARRAY[{", ".join(f"'{team}'" for team in _TEAMS)}])[1 + (n * 7919) % 12],
        (ARRAY['junior', 'standard', 'senior', 'specialist'])[1 + (n * 104729) % 5]
    FROM generate_series(1::bigint, {WAITING}) AS n
"""  # noqa: S608, our own numbers
_TIMERS = """
    INSERT INTO timer (id, kind, key, due_at)
    SELECT gen_random_uuid(), timer_kind, id::text, due_at + interval '1 day'
    FROM work_item CROSS JOIN unnest(ARRAY['at_risk', 'breach']) AS timer_kind
"""
_PEOPLE = """
    INSERT INTO person (subject, id, version, name, teams, level, lane, updated_by, updated_at)
    SELECT 'limited-' || n, gen_random_uuid(), 1, 'limited', ARRAY['colour_texture'], 'senior', 'batch', 'bench', now()
    FROM generate_series(0, 63) AS n
"""
_LIMIT = """
    UPDATE pack SET content = jsonb_set(content, '{queues}', (
        SELECT jsonb_agg(
            CASE WHEN one->>'name' = 'catalog' THEN one || jsonb_build_object('wip_limit', $1::int) ELSE one END
        )
        FROM jsonb_array_elements(content->'queues') AS one
    )) WHERE name = 'queues'
"""

# The next item and nothing else: in an order that the index has as it is, for whoever asks.
BARE = """
    UPDATE work_item SET state = 'claimed', claimed_by = $1, lease_until = now() + interval '8 hours'
    WHERE id = (
        SELECT id FROM work_item WHERE queue = 'catalog' AND state = 'ready'
        ORDER BY coalesce(team, ''), coalesce(level, ''),
            (CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END), due_at, id
        LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""
_HAND_IN = """
    UPDATE work_item SET state = 'in_review', claimed_by = NULL, lease_until = NULL WHERE claimed_by IS NOT NULL
"""


async def connect() -> asyncpg.Connection:
    return await asyncpg.connect(
        servers.database_url("routing"), server_settings={"search_path": "routing"}, timeout=60
    )


async def fill() -> None:
    """The items, their timers, and people whose records limit them."""
    for statement in (_FILL, _TIMERS, _PEOPLE, "VACUUM ANALYZE work_item", "ANALYZE"):
        await _execute(statement)


async def limit(most: int | None) -> None:
    """The queue's WIP limit; None: none."""
    await _execute(_LIMIT, most)


async def hand_in() -> None:
    """Everyone what they hold."""
    await _execute(_HAND_IN)


async def _execute(statement: str, *values: object) -> None:
    connection = await connect()
    try:
        await connection.execute(statement, *values, timeout=300)
    finally:
        await connection.close()
