"""Calendar files, links and personal feeds, and the page of a link that does not work."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "h_calendar": "A link that keeps your own calendar up to date",
    "b_cal_google": "Google Calendar",
    "b_cal_outlook": "Outlook",
    "b_feed_off": "Switch the link off",
    # what stands in a calendar
    "cal_cancelled": "Cancelled: {title}",
    "cal_join": "Join: {link}",
    "cal_none": "You have not replied yet. Please reply in the chat by {when}.",
    "cal_waitlisted": "You are on the waiting list.",
    "cal_asked": "You asked for a seat. The organisers decide.",
    "cal_reconfirm": "The time has changed. Please say in the chat whether it suits you.",
    "cal_reply_in_chat": "To reply or to change your reply, open the chat.",
    # files
    "cal_file": "Open the file to add the meeting to your calendar, or use a button below.",
    "cal_file_stays": "A file does not follow later changes; you will be told of them here.",
    "cal_removed": "Open the file to take the meeting out of your calendar.",
    "cal_by_hand": "Many calendars delete nothing because of a file. If the meeting stays, please delete it by hand.",
    # the personal link
    "cal_feed": "Your calendar link",
    "cal_feed_how": (
        "Add it in your calendar as a subscription (“Subscribe” or “From URL”). Your meetings then follow "
        "by themselves. Apple Calendar and Outlook also take it with webcal: in place of https:."
    ),
    "cal_feed_once": "It is shown only this once. Whoever has it sees your meetings, so please keep it to yourself.",
    "cal_feed_replaced": "The link you had before no longer works.",
    "cal_feed_has": "You have had a calendar link since {date}. It cannot be shown again.",
    "cal_feed_lost": "If you no longer have it, make a new one. The old one then stops working.",
    "cal_feed_ended": "Your calendar link is off. Please also remove the subscription in your calendar.",
    "cal_feed_away": "The organisers have not switched calendar links on.",
    "cal_feed_files": "A file for one meeting always works: press “Add to calendar” on its card.",
    # the page
    "cal_page_title": "Not found",
    "cal_page": "This page does not exist, or its link no longer works.",
    "cal_page_next": "You can ask for a new calendar link in the chat.",
}
