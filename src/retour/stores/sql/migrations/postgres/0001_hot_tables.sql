-- Rows of these change several times in their short life: room on the page for the next version, and a vacuum that
-- comes early and does not dawdle, so that the due indexes stay small.
ALTER TABLE message SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE delivery SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE webhook SET (fillfactor = 50);
ALTER TABLE channel_configuration SET (fillfactor = 50);
