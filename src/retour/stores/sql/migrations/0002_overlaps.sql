-- A webhook whose signing secret or JWT key was rotated holds the old one until the end of the overlap.
ALTER TABLE webhook ADD COLUMN overlap_until BIGINT;
CREATE INDEX webhook_overlap ON webhook (sandbox, overlap_until) WHERE overlap_until IS NOT NULL;
