"""Use cases around who may do what: keys, tokens, the check before an action, and the statements that manage them."""
