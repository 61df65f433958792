"""How mrkdwn reads, and who is rung by it."""

from __future__ import annotations

import pytest

from sandbox.slack.mrkdwn import broadcasts, show


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("*Bold* _it_ ~no~ `code`", "Bold it no code"),
        ("snake_case_name 2*3*4", "snake_case_name 2*3*4"),
        ("*<https://x.org/a_b_c|Click *me*>*", "Click *me*"),
        ("R&amp;D &lt;now&gt; &lt;!channel&gt;", "R&D <now> <!channel>"),
        ("<https://x.org>", "https://x.org"),
        ("Ask <@U01> in <#C1>", "Ask @U01! in #C1!"),
        ("<!here> hello", "@here hello"),
        ("<!date^1779273000^{date_short} at {time}|20 May>", "May 20, 2026 at 16:30"),
        ("<!date^1779273000^{time}^https://x.org|20 May>", "16:30"),
        ("<!date^x^{time}|20 May>", "<!date^x^{time}|20 May>"),
    ],
)
def test_a_reader_sees_plain_text(words: str, read: str) -> None:
    assert show(words, "Asia/Dhaka", lambda id: f"{id}!") == read


def test_only_unescaped_special_mentions_ring_everybody() -> None:
    assert broadcasts("<!channel> hello")
    assert broadcasts("x <!here|here>")
    assert not broadcasts("&lt;!channel&gt; <@U01> <!date^1779273000^{time}|x>")
