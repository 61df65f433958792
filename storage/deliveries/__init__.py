"""Campaigns, deliveries and copies of cards: what we decided to send, to whom, and what became of it."""

from storage.deliveries._campaigns import stale, turn
from storage.deliveries._cards import card_waits, waiting_cards
from storage.deliveries._claims import (
    ALERT,
    at_work,
    claim,
    due,
    held,
    in_hand,
    next_due,
    nobodys,
    pause_chat,
    sent,
    start,
    started_since,
)
from storage.deliveries._lost import CRASHES_MAX, next_settling, recover, settling, still_settling
from storage.deliveries._tables import DELIVERY_STATES, OPEN_STATES, Campaign, CardCopy, Delivery
from storage.deliveries._withdrawing import KEPT, TAKEN_BACK, to_take_back

__all__ = [
    "ALERT",
    "CRASHES_MAX",
    "DELIVERY_STATES",
    "KEPT",
    "OPEN_STATES",
    "TAKEN_BACK",
    "Campaign",
    "CardCopy",
    "Delivery",
    "at_work",
    "card_waits",
    "claim",
    "due",
    "held",
    "in_hand",
    "next_due",
    "next_settling",
    "nobodys",
    "pause_chat",
    "recover",
    "sent",
    "settling",
    "stale",
    "start",
    "started_since",
    "still_settling",
    "to_take_back",
    "turn",
    "waiting_cards",
]
