-- Until when this SPEED is known to have run, by its own steady clock: time in which it did not run counts for nobody.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seen_at_ms INTEGER NOT NULL
) STRICT;
