import time
import pytest
from sqlalchemy import text
from storage import Base
from tests.conftest import EMPTY
pg = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pg
async def test_m(database, clock):
    from tests.handlers.conftest import build_town
    async def timed(name, f, n=10):
        c=time.perf_counter()
        for _ in range(n): await f()
        print(name, round((time.perf_counter()-c)/n*1000,1),"ms")
    names = ", ".join(f'"{each}"' for each in Base.metadata.tables)
    print(len(Base.metadata.tables))
    async def run(sql):
        async with database.engine.begin() as c: await c.execute(text(sql))
    async def trunc(): await run(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    async def dele(): await run(f"DO $$ BEGIN {EMPTY}; END $$")
    async def town(): await build_town(database, clock)
    async def both1(): await town(); await trunc()
    async def both2(): await town(); await dele()
    async def conn():
        async with database.engine.connect() as c: await c.execute(text("select 1"))
        await database.close()
    for _ in range(2):
        await timed("trunc", trunc); await timed("delete", dele)
        await timed("town+trunc", both1); await timed("town+delete", both2); await timed("connect", conn)
        async def all_(): await both2(); await database.close()
        await timed("town+delete+close", all_)
