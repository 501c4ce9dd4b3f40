"""azimut-support: a support desk whose only interface is e-mail."""

__version__ = "0.1.0"
