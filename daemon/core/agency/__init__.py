"""An agent's mail from its arrival to a decision: what the store is asked (`wanting`), what the judge hears
(`listening`, `standings`), and what follows from the ruling beside the commands themselves."""
