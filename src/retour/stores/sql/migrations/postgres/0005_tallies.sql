-- The rows of the minute change with each commit: room for the next version, and a vacuum that keeps up with it.
ALTER TABLE tally SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
