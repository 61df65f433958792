"""Replies, seats, waiting list, organisers who answer for somebody."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "waitlist": (
        "“{meeting_title}” is full at the moment. Your place on the waiting list: {position}. We will write as soon "
        "as a seat is free; you do not need to do anything."
    ),
    "waitlist_offer": (
        "Good news, {first_name}: a seat is free in “{meeting_title}” ({when_local}). Please confirm by: "
        "{offer_deadline}. After that it goes to the next person."
    ),
    # buttons
    "b_ask_room": "Ask for the room",
    "b_ask_online": "Ask to join online",
    "b_guests": "Guests",
    "b_decide": "Decide",
    "b_remove": "Take off the list",
    "b_keep_on": "Keep on the list",
    "b_give_up": "Give up my seats",
    # replies, as they stand in lists
    "w_reply_asked": "asks for a seat",
    "w_reply_reconfirm": "new time to confirm",
    "w_reply_refused": "no seat",
    "w_reply_offered": "seat offered",
    "w_reply_delegate": "comes as a delegate",
    # seats
    "w_waiting_n": ("waiting {n}", "waiting {n}"),
    "w_room_free": ("Room: {n} of {m} seats free", "Room: {n} of {m} seats free"),
    "w_room_open": "Room: free",
    "w_online_free": ("Online: {n} of {m} seats free", "Online: {n} of {m} seats free"),
    "w_online_open": "Online: free",
    "w_guests": ("You bring {n} guest.", "You bring {n} guests."),
    "w_guests_ask": "How many guests do you bring? Each takes a seat.",
    "w_no_room_for_guests": "There is no free seat for another guest. Your own reply stays as it is.",
    "w_other_mode_full": "There is no free seat there. Your reply stays as it is.",
    "w_other_mode_late": "The deadline for that has passed. Your reply stays as it is.",
    # waiting
    "w_waiting": "You are on the waiting list for “{meeting_title}”. We will write as soon as a seat is free.",
    "w_organisation": (
        "The seats of your organisation are taken. You are on the waiting list; a colleague can hand over a seat."
    ),
    "w_place": "Your place on the waiting list: {position}",
    "w_quicker": "Someone was quicker; you are number {n} on the waiting list.",
    "w_on_list": "You are on the waiting list.",
    "w_seat_confirmed": "Your seat is confirmed.",
    "w_passed_on": "The offer passed on: {when}. You are at the end of the list.",
    "w_passed": "Thank you. The seat goes to the next person.",
    "w_given_up": ("Your reply to {n} meeting is now No.", "Your replies to {n} meetings are now No."),
    "w_left_list": "You have left the waiting list.",
    "w_no_seat_came": "No seat became free. We are sorry.",
    # after the deadline
    "w_maybe_late": "The deadline has passed. You can still ask for a seat.",
    "w_asked": "You asked for a seat.",
    "w_asked_next": "The organisers decide; you will hear from me.",
    "w_asked_toast": "The deadline has passed. The organisers decide about your seat.",
    "w_refused": "The organisers could not give you a seat: {reason}",
    "w_refused_plain": "The organisers could not give you a seat.",
    # a changed time, a colleague
    "w_moved": "This meeting has a new time.",
    "w_moved_ask": "Does the new time suit you? Your place is kept until you reply.",
    "w_delegate_waits": "We wait for your colleague.",
    "w_delegate_until": "Waiting for {name}, until {when}.",
    "w_delegate_comes": "{name} comes in your place.",
    "w_delegate_hint": "A colleague of your organisation can come in your place.",
    # what waits
    "w_waits_reply": "Reply by {when}: {title}",
    "w_offer_elsewhere": "A seat is free for you until {when}. The newest message here asks for your answer.",
    "w_waits_offer": "A seat is free until {when}: {title}",
    "w_waits_moved": "New time to confirm: {title}",
    "w_todo_asked": ("{n} person asks for a seat in {code}", "{n} people ask for a seat in {code}"),
    # organisers
    "w_requests": ("{n} person asks for a seat after the deadline.", "{n} people ask for a seat after the deadline."),
    "w_requests_none": "Nobody asks for a seat.",
    "w_free_n": ("Free: {n} seat", "Free: {n} seats"),
    "w_no_free_seat": "No seat is free. More seats can be set with “Edit”.",
    "w_decided": "This was decided already.",
    "w_given": "{name} has the seat.",
    "w_not_given": "{name} has been told.",
    "w_no_seat_title": "No seat",
    "w_no_seat_reason": "Why is there no seat?",
    "w_no_seat_hint": "{name} will read this. Up to 200 characters.",
    "w_answer_title": "Answer for someone",
    "w_answer_who": "For whom?",
    "w_answer_who_hint": "Name or code of somebody who is invited.",
    "w_answer_reply": "Their reply",
    "w_answer_nobody": "I found nobody of that name who is invited.",
    "w_answer_several": "Several people fit: {names}",
    "w_noted": "Noted: {name} · {reply}",
    "w_noted_for_you": "The organisers noted your reply: {reply}. Not right?",
    "w_remove_ask": (
        "Take {name} off the list? The invitation is withdrawn and a seat becomes free. {name} will be told."
    ),
    "w_removed": "{name} is no longer invited.",
    "w_delegates_n": ("{n} of them a delegate", "{n} of them delegates"),
    "w_asked_n": ("asks for a seat {n}", "ask for a seat {n}"),
    "w_reconfirm_n": ("new time to confirm {n}", "new time to confirm {n}"),
    "w_refused_n": ("no seat {n}", "no seat {n}"),
    "w_replied_self": "Replied: {when}",
    "w_replied_for": "Noted by the organisers: {when}",
    "w_seats_of": "{n} of {m} seats",
    "w_seats_room": "Room: {n} of {m} seats",
    "w_seats_online": "Online: {n} of {m} seats",
}
