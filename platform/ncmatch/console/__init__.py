"""/console/: what only the operator has, beside its own back office. Elsewhere these pages do not exist."""
