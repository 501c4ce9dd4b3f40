"""What the passing of time brings about: the one door for the ticker, and the mails that it lets go.

`on_tick` decides what is due on some tickets; `agenda` and `carried_out` are its two halves, for a caller who
must look in between what else is needed. `telling` tells a customer of promises that moved and `crediting`
proposes what a missed promise costs, for the other doors too; `desk` knows what the desk does by the month.
"""

from daemon.core.ticking.agenda import agenda as agenda
from daemon.core.ticking.tick import carried_out as carried_out
from daemon.core.ticking.tick import on_tick as on_tick
