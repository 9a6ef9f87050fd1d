-- What PostgreSQL does differently, each in the place of the statement of that name. `:clock` is the database's time in
-- microseconds: leases are its matter, so that two machines whose clocks differ do not take each other's rows.

-- A claim locks the row that says how much may be claimed: claims of a lane follow each other, also of two processes.
-- name: configuration_health
SELECT version, failures, failing_since, open_until,
  (CASE WHEN EXISTS (SELECT 1 FROM suppression s
    WHERE s.sandbox = :sandbox AND s.list = 'suppressed' AND s.kind IN ('address', 'domain')) THEN 1 ELSE 0 END)
  + CASE WHEN EXISTS (SELECT 1 FROM suppression_rules r WHERE r.sandbox = :sandbox AND r.allow_active = 1)
    THEN 2 + CASE WHEN EXISTS (SELECT 1 FROM suppression a
      WHERE a.sandbox = :sandbox AND a.list = 'allowed' AND a.kind = 'address') THEN 4 ELSE 0 END
    ELSE 0 END
  + CASE WHEN EXISTS (SELECT 1 FROM suppression n
    WHERE n.sandbox = :sandbox AND n.list = 'suppressed' AND n.kind = 'number') THEN 8 ELSE 0 END
FROM channel_configuration
WHERE sandbox = :sandbox AND id = :id FOR UPDATE

-- name: webhook_state
SELECT id, version, paused_at, failures, open_until, deadline, last_accepted_at, failing_since
FROM webhook WHERE sandbox = :sandbox FOR UPDATE

-- name: message_claim
WITH due AS (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at <= GREATEST(CAST(:now AS BIGINT), :clock) AND (leased = 0 OR due_at <= :clock)
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE message m SET due_at = :clock + :lease, leased = 1, attempts = attempts + 1, fence = fence + 1, taken = taken + 1,
  tried = tried + 1
FROM due WHERE m.sandbox = :sandbox AND m.id = due.id
RETURNING m.id, execution_id, request_id, campaign_id, version_id, configuration_id, channel, namespace, user_id,
  address, created_at, expires_at, content, status, attempts, fence, taken, revision, events, delayed, final_event_id, due_at,
  tried

-- name: message_claim_stuck
WITH due AS (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at <= GREATEST(CAST(:now AS BIGINT), :clock) AND (leased = 0 OR due_at <= :clock)
    AND (delayed = 0 OR expires_at <= :now)
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE message m SET due_at = :clock + :lease, leased = 2, attempts = attempts + 1, fence = fence + 1, taken = taken + 1
FROM due WHERE m.sandbox = :sandbox AND m.id = due.id
RETURNING m.id, execution_id, request_id, campaign_id, version_id, configuration_id, channel, namespace, user_id,
  address, created_at, expires_at, content, status, attempts, fence, taken, revision, events, delayed, final_event_id, due_at,
  tried

-- name: message_leased
SELECT 1 FROM message
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND leased > 0 AND leased = 1
  AND due_at > :clock LIMIT 1

-- name: delivery_claim
WITH due AS (
  SELECT d.message_id, d.sequence, d.replay FROM delivery d
  WHERE d.sandbox = :sandbox AND d.state = 'due'
    AND d.due_at <= GREATEST(CAST(:now AS BIGINT), :clock) AND (d.leased = 0 OR d.due_at <= :clock)
    AND (d.ordered = 0 OR NOT EXISTS (
      SELECT 1 FROM delivery p WHERE p.sandbox = :sandbox AND p.message_id = d.message_id AND p.replay = d.replay
        AND p.sequence < d.sequence AND p.state = 'due' AND (p.attempts = 0 OR p.leased = 1)))
  ORDER BY d.due_at LIMIT :limit FOR UPDATE OF d SKIP LOCKED)
UPDATE delivery u SET due_at = :clock + :lease, leased = 1, attempts = attempts + 1, fence = fence + 1,
  taken = taken + 1, first_attempt_at = COALESCE(first_attempt_at, :now)
FROM due WHERE u.sandbox = :sandbox AND u.message_id = due.message_id AND u.sequence = due.sequence
  AND u.replay = due.replay
RETURNING id, event_id, u.message_id, u.sequence, u.replay, webhook_id, format, attempts, fence, taken, due_at,
  first_attempt_at,
  (SELECT e.body FROM event e WHERE e.sandbox = :sandbox AND e.message_id = u.message_id AND e.sequence = u.sequence)

-- name: delivery_leased
SELECT 1 FROM delivery WHERE sandbox = :sandbox AND leased = 1 AND due_at > :clock LIMIT 1

-- name: early_report_claim
WITH due AS (
  SELECT id FROM early_report WHERE sandbox = :sandbox AND due_at <= GREATEST(CAST(:now AS BIGINT), :clock)
  ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE early_report e SET due_at = :clock + :lease, attempts = attempts + 1
FROM due WHERE e.sandbox = :sandbox AND e.id = due.id
RETURNING e.id, configuration_id, reference, message_id, at, e.due_at, expires_at, attempts, doc

-- Tells what is left to do, which is seldom anything: whether one of its message waits behind it, whether it would be
-- news that the webhook accepts, and whether its person was erased meanwhile.
-- name: delivery_settle
UPDATE delivery SET state = :state, due_at = :due_at, leased = 0, taken = 0, attempts = :attempts,
  settled_at = :settled_at, last_code = :last_code, last_trouble = :last_trouble
WHERE sandbox = :sandbox AND id = :id AND fence = :fence AND leased = 1 AND state = 'due'
RETURNING
  EXISTS (SELECT 1 FROM delivery n WHERE n.sandbox = :sandbox AND n.message_id = delivery.message_id
    AND n.sequence > delivery.sequence AND n.replay = delivery.replay AND n.state = 'due') AS followed,
  EXISTS (SELECT 1 FROM webhook w WHERE w.sandbox = :sandbox AND w.id = :webhook_id AND (
    w.failures > 0 OR w.last_accepted_at IS NULL OR w.last_accepted_at < CAST(:now AS BIGINT) - 1000000)) AS news,
  erased
