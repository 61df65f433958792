"""Replies, seats, waiting list, organisers who answer for somebody."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "waitlist": (
        "“{meeting_title}” is full at the moment. Your place on the waiting list: {position}. We will write as soon as a seat is free; you do not need to do anything."
    ),
    "waitlist_offer": (
        "Good news, {first_name}: a seat is free in “{meeting_title}” ({when_local}). Please confirm by: {offer_deadline}. After that it goes to the next person."
    ),
}
