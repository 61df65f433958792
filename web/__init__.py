"""Pages and files over HTTP for people: personal calendars first. They know no platform and no one's chat."""
