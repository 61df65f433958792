"""Files that are kept: what is taken, what is refused and why."""

from __future__ import annotations

COPY: dict[str, str | tuple[str, str]] = {
    "do_empty": "“{name}” is empty. Nothing was saved. Please save the document again and send it.",
    "do_large": (
        "“{name}” is larger than {max}. Nothing was saved. Please make it smaller, for example with smaller pictures, "
        "and send it again."
    ),
    "do_kind": (
        "“{name}” is not a {kinds} file, whatever its name says. Nothing was saved. Please save it as {kinds} and send "
        "it again."
    ),
    "do_macros": (
        "“{name}” has parts that can run or load something, or carries other files. Nothing was saved. Please save "
        "it as PDF without macros, scripts, embedded files and linked templates, and send it again."
    ),
    "do_bomb": (
        "“{name}” unpacks to far more than its size. Nothing was saved. Please save the document again under a new "
        "name and send it."
    ),
    "do_broken": (
        "“{name}” cannot be read: it is damaged or was cut off. Nothing was saved. Please open it, save it again and "
        "send it."
    ),
    "do_locked": (
        "“{name}” is protected with a password. Nothing was saved. Please remove the protection and send it again."
    ),
    "do_polyglot": (
        "“{name}” is two kinds of file in one. Nothing was saved. Please save the document again under a new name and "
        "send it."
    ),
    "do_slow": (
        "Reading “{name}” takes too long. Nothing was saved. Please save it in a simpler form, for example as PDF, and "
        "send it again."
    ),
    "do_of": "{language}: {why}",
    "do_or": "{some} or {last}",
    "do_no_vault": (
        "Files cannot be kept here: this installation has no key file. Nothing was saved. Please tell whoever runs it."
    ),
    "do_link": "Please give a link to a web site that starts with https://, such as https://example.org/page.",
    "do_link_hidden": (
        "This link hides where it leads: a name stands before the @ sign. Please give it as https://{host}/…"
    ),
}
