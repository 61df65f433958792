"""The running program."""

import gc

# Loading rows and modules makes many long-lived objects at once; at the default of 700 the collector looks at all of
# them again and again: planning for 10,000 members takes twice as long, starting a fifth longer.
gc.set_threshold(20_000, 20, 50)
