"""The main job without any configuration: an embedded mail server, sample mails, the real daemon, and an
account of what happened for a person to read."""
