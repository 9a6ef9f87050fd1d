-- Erasing, retention, alerts: what is done beside the work.

-- === erasing a person ===

-- fold: 1 where capitals make no difference (e-mail addresses). The counts are what goes with the message.
-- `|| ''` keeps the planner to the few messages of the person: by the key it would read all of the sandbox.
-- name: messages_of_person
SELECT m.id,
  (SELECT COUNT(*) FROM event e WHERE e.sandbox = :sandbox AND e.message_id = m.id),
  (SELECT COUNT(*) FROM delivery d WHERE d.sandbox = :sandbox AND d.message_id = m.id),
  (SELECT COUNT(*) FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = m.id)
FROM message m
WHERE m.sandbox = :sandbox AND m.user_id <> '' AND lower(m.user_id) = lower(:user_id)
  AND (m.user_id = :user_id OR :fold = 1) AND lower(m.namespace) = :namespace AND m.id || '' > :after
ORDER BY m.id || '' LIMIT :limit

-- name: messages_to_address
SELECT m.id,
  (SELECT COUNT(*) FROM event e WHERE e.sandbox = :sandbox AND e.message_id = m.id),
  (SELECT COUNT(*) FROM delivery d WHERE d.sandbox = :sandbox AND d.message_id = m.id),
  (SELECT COUNT(*) FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = m.id)
FROM message m
WHERE m.sandbox = :sandbox AND m.address <> m.user_id AND lower(m.address) = lower(:address)
  AND (m.address = :address OR :fold = 1) AND m.channel = :channel AND m.id || '' > :after
ORDER BY m.id || '' LIMIT :limit

-- A leased one keeps its lease: whoever holds it settles it, and finds that nothing more is due.
-- name: message_erase
UPDATE message SET erased = 1, content = NULL, waits_for_relay = 0,
  due_at = CASE WHEN leased = 0 THEN NULL ELSE due_at END,
  status = CASE WHEN status IN ('queued', 'delayed') THEN 'excluded' ELSE status END
WHERE sandbox = :sandbox AND id = :id

-- name: message_forget
UPDATE message SET user_id = '', address = '' WHERE sandbox = :sandbox AND id = :id AND erased = 1

-- name: events_erase
UPDATE event SET body = :nothing, removed = 2 WHERE sandbox = :sandbox AND message_id = :id

-- name: deliveries_erase
UPDATE delivery SET state = 'cancelled', settled_at = :now, last_trouble = 'erased'
WHERE sandbox = :sandbox AND message_id = :id AND state = 'due' AND leased = 0

-- What is on its way: whoever holds it settles it, and keeps no attempt.
-- name: deliveries_mark_erased
UPDATE delivery SET erased = 1 WHERE sandbox = :sandbox AND message_id = :id AND state = 'due' AND leased = 1

-- name: attempts_of_message
SELECT id, doc FROM attempt WHERE sandbox = :sandbox AND message_id = :message_id AND id > :after
ORDER BY id LIMIT :limit

-- name: attempt_update
UPDATE attempt SET doc = :doc WHERE sandbox = :sandbox AND message_id = :message_id AND id = :id

-- name: profiles_of_person
SELECT user_id, created_at FROM profile
WHERE sandbox = :sandbox AND namespace = :namespace AND lower(user_id) = lower(:user_id)
  AND (user_id = :user_id OR :fold = 1) LIMIT :limit

-- === retention ===

-- held: a delivery of it is still due.
-- name: events_old
SELECT e.at, e.sandbox, e.message_id, e.sequence, CASE WHEN EXISTS (
    SELECT 1 FROM delivery d WHERE d.sandbox = e.sandbox AND d.message_id = e.message_id AND d.sequence = e.sequence
      AND d.state = 'due') THEN 1 ELSE 0 END
FROM event e
WHERE e.removed = 0 AND e.at < :older_than AND (e.at, e.message_id, e.sequence) > (:at, :message_id, :sequence)
ORDER BY e.at, e.message_id, e.sequence LIMIT :limit

-- name: event_body_remove
UPDATE event SET body = :nothing, removed = 1
WHERE sandbox = :sandbox AND message_id = :message_id AND sequence = :sequence AND removed = 0 AND NOT EXISTS (
  SELECT 1 FROM delivery d WHERE d.sandbox = :sandbox AND d.message_id = :message_id AND d.sequence = :sequence
    AND d.state = 'due')

-- name: sandbox_after
SELECT id FROM sandbox WHERE id > :after ORDER BY id LIMIT 1

-- In the order of their age, which is that of their ids. held: 1 while something of it is due or too young. rows: what
-- goes with it. stale: attempts that are old enough.
-- name: messages_old
SELECT m.id, m.execution_id, m.created_at,
  CASE WHEN m.due_at IS NOT NULL OR EXISTS (
    SELECT 1 FROM delivery d WHERE d.sandbox = :sandbox AND d.message_id = m.id
      AND (d.state = 'due' OR COALESCE(d.settled_at, d.created_at) >= :older_than)) THEN 1 ELSE 0 END,
  (SELECT COUNT(*) FROM event e WHERE e.sandbox = :sandbox AND e.message_id = m.id)
    + (SELECT COUNT(*) FROM delivery d WHERE d.sandbox = :sandbox AND d.message_id = m.id),
  (SELECT COUNT(*) FROM attempt a WHERE a.sandbox = :sandbox AND a.message_id = m.id AND a.at < :older_than)
FROM message m WHERE m.sandbox = :sandbox AND m.id > :after ORDER BY m.id LIMIT :limit

-- name: attempts_prune
DELETE FROM attempt WHERE sandbox = :sandbox AND message_id = :message_id AND id IN (
  SELECT id FROM attempt WHERE sandbox = :sandbox AND message_id = :message_id AND at < :older_than ORDER BY id LIMIT :limit)

-- name: deliveries_prune
DELETE FROM delivery WHERE sandbox = :sandbox AND message_id = :message_id AND state <> 'due'

-- name: events_prune
DELETE FROM event WHERE sandbox = :sandbox AND message_id = :message_id

-- name: message_prune
DELETE FROM message WHERE sandbox = :sandbox AND id = :message_id AND due_at IS NULL

-- name: execution_prune
DELETE FROM execution WHERE sandbox = :sandbox AND id = :id AND NOT EXISTS (
  SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.execution_id = :id)

-- === alerts ===

-- name: webhooks_failing
SELECT sandbox, id FROM webhook
WHERE failing_since IS NOT NULL AND failing_since <= :before AND sandbox > :after ORDER BY sandbox LIMIT :limit

-- name: configurations_failing
SELECT sandbox, id FROM channel_configuration
WHERE failing_since IS NOT NULL AND failing_since <= :before
  AND (sandbox, id) > (:after_sandbox, :after) ORDER BY sandbox, id LIMIT :limit

-- name: alerts_all
SELECT sandbox, kind, id FROM alert
WHERE (sandbox, kind, id) > (:after_sandbox, :after_kind, :after) ORDER BY sandbox, kind, id LIMIT :limit

-- name: alert_get
SELECT failing_since, told, told_at FROM alert WHERE sandbox = :sandbox AND kind = :kind AND id = :id

-- Whoever changes this row tells it.
-- name: alert_hold
INSERT INTO alert (sandbox, kind, id, failing_since, told, told_at, held_until)
VALUES (:sandbox, :kind, :id, :failing_since, 0, :now, :until)
ON CONFLICT (sandbox, kind, id) DO UPDATE SET held_until = excluded.held_until WHERE alert.held_until <= :now

-- name: alert_told
UPDATE alert SET failing_since = :failing_since, told = :told, told_at = :now, held_until = 0
WHERE sandbox = :sandbox AND kind = :kind AND id = :id

-- name: alert_end
DELETE FROM alert WHERE sandbox = :sandbox AND kind = :kind AND id = :id
