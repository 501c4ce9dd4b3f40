"""Agents' commands: the grammar of their lines (`reading`), and what each does to a ticket (`judging`).

Pure like all of `core`. Nothing here reads a mail's bytes (`mail.agent_reply`) or writes to the store.
"""
