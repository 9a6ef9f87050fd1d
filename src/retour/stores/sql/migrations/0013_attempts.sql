-- Attempts are found by their message: an index of its own cost each of them a write.
DROP INDEX attempt_delivery;
-- Set on a delivery that was on its way when its person was erased: whoever holds it settles it and keeps no attempt.
ALTER TABLE delivery ADD COLUMN erased SMALLINT NOT NULL DEFAULT 0;
