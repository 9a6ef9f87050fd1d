-- What is learned of a message after it was sent.

-- The message, then its events so far: a row for each of them, or one without.
-- name: message_to_report
SELECT m.id, m.execution_id, m.request_id, m.campaign_id, m.version_id, m.configuration_id, m.channel, m.namespace,
  m.user_id, m.address, m.created_at, m.expires_at, m.content, m.status, m.attempts, m.fence, m.taken, m.revision,
  m.events, m.delayed, m.final_event_id, m.due_at, m.tried, m.leased, m.erased,
  e.id, e.message_id, e.sequence, e.fact, e.status, e.channel, e.at, e.body
FROM message m LEFT JOIN event e ON e.sandbox = :sandbox AND e.message_id = m.id
WHERE m.sandbox = :sandbox AND m.id = :id ORDER BY e.sequence LIMIT 1000

-- Whoever reports of it has it: it is not tried again, and what it took to send it goes. due_at: until when a final
-- report is waited for.
-- name: message_report
UPDATE message SET status = :status, due_at = :due_at, waits_for_relay = 0, content = NULL, revision = revision + 1,
  events = events + :told, delayed = :delayed, final_event_id = :final_event_id
WHERE sandbox = :sandbox AND id = :id AND revision = :revision AND leased = 0 AND erased = 0

-- name: returned_mail_insert
INSERT INTO returned_mail (sandbox, message_id, id, at, kind, event_id, size, raw)
SELECT :sandbox, :message_id, :id, :at, :kind, :event_id, :size, :raw
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)
ON CONFLICT (sandbox, message_id, id) DO NOTHING

-- name: returned_mails_of
SELECT id, at, kind, event_id, size FROM returned_mail
WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY at, id LIMIT 100

-- Ids of messages grow with time: the last mail that came back is among those of the newest messages, or hardly older.
-- name: returned_mail_newest
SELECT at FROM (SELECT at FROM returned_mail WHERE sandbox = :sandbox ORDER BY message_id DESC, id DESC LIMIT 200) newest
ORDER BY at DESC LIMIT 1

-- name: returned_mail_get
SELECT id, at, kind, event_id, size, raw FROM returned_mail
WHERE sandbox = :sandbox AND message_id = :message_id AND id = :id

-- name: returned_mails_erase
DELETE FROM returned_mail WHERE sandbox = :sandbox AND message_id = :id

-- name: returned_mails_expire
DELETE FROM returned_mail WHERE (sandbox, message_id, id) IN (
  SELECT sandbox, message_id, id FROM returned_mail WHERE at < :before ORDER BY at LIMIT :limit)

-- === by which ids reports name a message ===

-- name: provider_ref_put
INSERT INTO provider_ref (sandbox, configuration_id, reference, message_id, created_at)
SELECT :sandbox, :configuration_id, :reference, :message_id, :now
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)
ON CONFLICT (sandbox, configuration_id, reference)
DO UPDATE SET message_id = excluded.message_id, created_at = excluded.created_at

-- name: provider_ref_get
SELECT message_id FROM provider_ref
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND reference = :reference

-- name: provider_refs_erase
DELETE FROM provider_ref WHERE sandbox = :sandbox AND message_id = :id

-- name: provider_refs_expire
DELETE FROM provider_ref WHERE (sandbox, configuration_id, reference) IN (
  SELECT sandbox, configuration_id, reference FROM provider_ref WHERE created_at < :before LIMIT :limit)

-- === reports that came before what they are about was written down ===

-- name: early_report_insert
INSERT INTO early_report (sandbox, id, configuration_id, reference, message_id, at, due_at, expires_at, doc)
VALUES (:sandbox, :id, :configuration_id, :reference, :message_id, :at, :due_at, :expires_at, :doc)
ON CONFLICT (sandbox, id) DO NOTHING

-- name: early_report_claim
UPDATE early_report SET due_at = :until, attempts = attempts + 1
WHERE sandbox = :sandbox AND id IN (
  SELECT id FROM early_report WHERE sandbox = :sandbox AND due_at <= :now ORDER BY due_at LIMIT :limit)
RETURNING id, configuration_id, reference, message_id, at, due_at, expires_at, attempts, doc

-- Those that wait for this: due now, and as if never tried, so that nobody who holds one puts it off.
-- name: early_reports_wake
UPDATE early_report SET due_at = :now, attempts = 0, message_id = COALESCE(message_id, :message_id)
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND reference = :reference

-- name: early_reports_wake_of
UPDATE early_report SET due_at = :now, attempts = 0 WHERE sandbox = :sandbox AND message_id = :message_id

-- Unless it was woken meanwhile.
-- name: early_report_put_off
UPDATE early_report SET due_at = :due_at WHERE sandbox = :sandbox AND id = :id AND attempts = :attempts

-- name: early_report_delete
DELETE FROM early_report WHERE sandbox = :sandbox AND id = :id

-- Also what waits for a reference of the message.
-- name: early_reports_erase
DELETE FROM early_report WHERE sandbox = :sandbox AND (message_id = :id OR (configuration_id, reference) IN (
  SELECT r.configuration_id, r.reference FROM provider_ref r WHERE r.sandbox = :sandbox AND r.message_id = :id))

-- name: due_report_lanes
WITH RECURSIVE lane (sandbox) AS (
  SELECT MIN(sandbox) FROM early_report
  UNION ALL
  SELECT (SELECT MIN(e.sandbox) FROM early_report e WHERE e.sandbox > l.sandbox)
  FROM lane l WHERE l.sandbox IS NOT NULL
)
SELECT l.sandbox FROM lane l WHERE (
  SELECT MIN(e.due_at) FROM early_report e WHERE e.sandbox = l.sandbox) <= :now
