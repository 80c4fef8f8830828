-- Those past their days that still have lines.
CREATE INDEX log_closed ON log (closed_at_ms) WHERE closed_at_ms IS NOT NULL AND bytes > 0;
