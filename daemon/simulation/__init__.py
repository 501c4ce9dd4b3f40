"""The same desk on a virtual clock, with a mailbox, a mail server and a database in memory: days pass in
milliseconds, and the same scenario gives the same bytes."""
