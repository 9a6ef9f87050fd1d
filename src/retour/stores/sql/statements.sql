-- One text of named statements for both stores. `-- name: x` starts a statement; parameters are :named.

-- === settings ===

-- name: setting_get
SELECT value FROM setting WHERE name = :name

-- name: setting_put
INSERT INTO setting (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING

-- === organizations, people, credentials ===

-- name: organization_insert
INSERT INTO organization (id, name, created_at) VALUES (:id, :name, :created_at)

-- name: organization_get
SELECT id, name, created_at FROM organization WHERE id = :id

-- name: organizations_all
SELECT id, name, created_at FROM organization ORDER BY id LIMIT 1000

-- name: sandbox_insert
INSERT INTO sandbox (id, org, name, type, created_at) VALUES (:id, :org, :name, :type, :created_at)

-- name: sandbox_get
SELECT id, org, name, type, created_at FROM sandbox WHERE org = :org AND name = :name

-- name: sandbox_by_id
SELECT id, org, name, type, created_at FROM sandbox WHERE id = :id

-- name: sandboxes_of
SELECT id, org, name, type, created_at FROM sandbox WHERE org = :org ORDER BY name LIMIT 1000

-- name: credential_insert
INSERT INTO credential (client_id, org, name, scopes, secret_hash, created_at)
VALUES (:client_id, :org, :name, :scopes, :secret_hash, :created_at)

-- name: credential_get
SELECT client_id, org, name, scopes, secret_hash, created_at FROM credential WHERE client_id = :client_id

-- name: person_insert
INSERT INTO person (id, email, name, password_hash, created_at) VALUES (:id, :email, :name, :password_hash, :created_at)

-- name: person_password
UPDATE person SET password_hash = :password_hash, name = :name WHERE id = :id

-- name: person_disable
UPDATE person SET disabled = :disabled WHERE id = :id

-- name: person_get
SELECT id, email, name, password_hash, created_at, disabled FROM person WHERE id = :id

-- name: person_by_email
SELECT id, email, name, password_hash, created_at, disabled FROM person WHERE email = :email

-- name: members_of
SELECT p.id, p.email, p.name, p.disabled, m.role FROM membership m JOIN person p ON p.id = m.person_id
WHERE m.org = :org ORDER BY p.email LIMIT 1000

-- name: membership_put
INSERT INTO membership (org, person_id, role) VALUES (:org, :person_id, :role)
ON CONFLICT (org, person_id) DO UPDATE SET role = excluded.role

-- name: memberships_of
SELECT m.org, m.role, o.name FROM membership m JOIN organization o ON o.id = m.org
WHERE m.person_id = :person_id ORDER BY o.name LIMIT 1000

-- name: sign_in_link_insert
INSERT INTO sign_in_link (hash, person_id, expires_at) VALUES (:hash, :person_id, :expires_at)

-- name: sign_in_link_get
SELECT person_id FROM sign_in_link WHERE hash = :hash AND expires_at > :now

-- name: sign_in_link_use
DELETE FROM sign_in_link WHERE hash = :hash AND expires_at > :now

-- name: session_insert
INSERT INTO session (hash, person_id, created_at, expires_at) VALUES (:hash, :person_id, :created_at, :expires_at)

-- name: session_get
SELECT s.person_id, p.email, p.name FROM session s JOIN person p ON p.id = s.person_id
WHERE s.hash = :hash AND s.expires_at > :now AND p.disabled = 0

-- name: session_delete
DELETE FROM session WHERE hash = :hash

-- name: sessions_of_delete
DELETE FROM session WHERE person_id = :person_id

-- === channel configurations ===

-- name: configuration_insert
INSERT INTO channel_configuration (sandbox, id, name, doc, version, created_at, modified_at)
VALUES (:sandbox, :id, :name, :doc, 1, :created_at, :created_at)

-- name: configuration_update
UPDATE channel_configuration SET name = :name, doc = :doc, version = version + 1, modified_at = :modified_at,
  failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: configuration_get
SELECT doc, version, created_at, modified_at, failures, failing_since, open_until, trouble
FROM channel_configuration WHERE sandbox = :sandbox AND id = :id

-- name: configurations_of
SELECT doc, version, created_at, modified_at, failures, failing_since, open_until, trouble
FROM channel_configuration WHERE sandbox = :sandbox ORDER BY name LIMIT 1000

-- name: configuration_health
SELECT version, failures, failing_since, open_until FROM channel_configuration WHERE sandbox = :sandbox AND id = :id

-- name: configuration_ok
UPDATE channel_configuration SET failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL
WHERE sandbox = :sandbox AND id = :id AND failures > 0

-- name: configuration_trouble
UPDATE channel_configuration SET failures = failures + 1, failing_since = COALESCE(failing_since, :now),
  open_until = :open_until, trouble = :trouble
WHERE sandbox = :sandbox AND id = :id

-- name: messages_wake
UPDATE message SET due_at = :now
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND due_at IS NOT NULL AND due_at > :now
  AND leased = 0 AND waits_for_relay = 1

-- What is told `delay` sleeps until it expires, out of the due index; each probe that helps nobody wakes one to
-- probe after it.
-- name: message_wake_one
UPDATE message SET due_at = :at
WHERE sandbox = :sandbox AND id = (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at > :at AND leased = 0 AND waits_for_relay = 1
  ORDER BY due_at LIMIT 1)

-- === campaigns ===

-- name: campaign_insert
INSERT INTO campaign (sandbox, id, name, status, doc, version, live_version_id, created_at, modified_at)
VALUES (:sandbox, :id, :name, :status, :doc, 1, NULL, :created_at, :created_at)

-- name: campaign_update
UPDATE campaign SET name = :name, doc = :doc, version = version + 1, modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: campaign_publish
UPDATE campaign SET status = 'LIVE', live_version_id = :version_id, doc = :doc, version = version + 1,
  modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND version = :version AND status <> 'STOPPED'

-- name: campaign_stop
UPDATE campaign SET status = 'STOPPED', version = version + 1, modified_at = :modified_at
WHERE sandbox = :sandbox AND id = :id AND status = 'LIVE'

-- name: campaign_get
SELECT doc, status, version, live_version_id, created_at, modified_at
FROM campaign WHERE sandbox = :sandbox AND id = :id

-- name: campaigns_of
SELECT doc, status, version, live_version_id, created_at, modified_at
FROM campaign WHERE sandbox = :sandbox ORDER BY modified_at DESC, id LIMIT :limit

-- name: campaign_live
SELECT 1 FROM campaign WHERE sandbox = :sandbox AND id = :id AND status = 'LIVE' AND live_version_id = :version_id

-- name: version_insert
INSERT INTO campaign_version (sandbox, id, campaign_id, doc) VALUES (:sandbox, :id, :campaign_id, :doc)

-- name: version_get
SELECT doc FROM campaign_version WHERE sandbox = :sandbox AND id = :id

-- === profiles ===

-- name: profile_insert
INSERT INTO profile (sandbox, namespace, user_id, doc, created_at, modified_at)
VALUES (:sandbox, :namespace, :user_id, :doc, :created_at, :modified_at)
ON CONFLICT (sandbox, namespace, user_id) DO NOTHING

-- name: profile_put
INSERT INTO profile (sandbox, namespace, user_id, doc, created_at, modified_at)
VALUES (:sandbox, :namespace, :user_id, :doc, :created_at, :modified_at)
ON CONFLICT (sandbox, namespace, user_id) DO UPDATE SET doc = excluded.doc, modified_at = excluded.modified_at

-- name: profile_delete
DELETE FROM profile WHERE sandbox = :sandbox AND namespace = :namespace AND user_id = :user_id

-- As many as a request has recipients; a place that is not needed is NULL.
-- name: profiles_of
SELECT user_id, doc, created_at, modified_at FROM profile
WHERE sandbox = :sandbox AND namespace = :namespace AND user_id IN (:id0, :id1, :id2, :id3, :id4, :id5, :id6, :id7, :id8,
  :id9, :id10, :id11, :id12, :id13, :id14, :id15, :id16, :id17, :id18, :id19)

-- === the feedback webhook ===

-- name: webhook_insert
INSERT INTO webhook (sandbox, id, doc, channels, events, format, order_wait, deadline, version,
  created_at, created_by, modified_at, modified_by)
VALUES (:sandbox, :id, :doc, :channels, :events, :format, :order_wait, :deadline, 1, :now, :by, :now, :by)

-- name: webhook_update
UPDATE webhook SET doc = :doc, channels = :channels, events = :events, format = :format, order_wait = :order_wait,
  deadline = :deadline, version = version + 1, modified_at = :now, modified_by = :by, open_until = NULL
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- When the first secret that a rotation replaced comes to its end: then the housekeeping takes it out of doc.
-- name: webhook_overlap
UPDATE webhook SET overlap_until = :overlap_until WHERE sandbox = :sandbox AND id = :id

-- name: webhooks_overlapped
SELECT sandbox, id, doc, version FROM webhook
WHERE sandbox > :after AND overlap_until IS NOT NULL AND overlap_until <= :now ORDER BY sandbox LIMIT :limit

-- What is taken out was of no use any more: for whoever reads it, the webhook stays the version it was.
-- name: webhook_overlap_end
UPDATE webhook SET doc = :doc, overlap_until = :overlap_until
WHERE sandbox = :sandbox AND id = :id AND version = :version

-- name: webhook_delete
DELETE FROM webhook WHERE sandbox = :sandbox AND id = :id

-- name: webhook_pause
UPDATE webhook SET paused_at = :now, paused_by = :by, version = version + 1
WHERE sandbox = :sandbox AND id = :id AND paused_at IS NULL

-- name: webhook_resume
UPDATE webhook SET paused_at = NULL, paused_by = NULL, failures = 0, failing_since = NULL, open_until = NULL,
  trouble = NULL, version = version + 1
WHERE sandbox = :sandbox AND id = :id AND paused_at IS NOT NULL

-- name: webhook_of
SELECT doc, version, created_at, created_by, modified_at, modified_by, paused_at, paused_by, last_accepted_at,
  failures, failing_since, open_until, trouble FROM webhook WHERE sandbox = :sandbox

-- name: webhook_accepted
UPDATE webhook SET failures = 0, failing_since = NULL, open_until = NULL, trouble = NULL, last_accepted_at = :now
WHERE sandbox = :sandbox AND id = :id
  AND (failures > 0 OR last_accepted_at IS NULL OR last_accepted_at < CAST(:now AS BIGINT) - 1000000)

-- name: webhook_failed
UPDATE webhook SET failures = failures + 1, failing_since = COALESCE(failing_since, :now),
  open_until = CASE WHEN failures + 1 >= :threshold THEN :open_until ELSE open_until END, trouble = :trouble
WHERE sandbox = :sandbox AND id = :id

-- name: webhook_gone
UPDATE webhook SET paused_at = :now, paused_by = 'endpoint' WHERE sandbox = :sandbox AND id = :id AND paused_at IS NULL

-- name: webhook_state
SELECT id, version, paused_at, failures, open_until, deadline, last_accepted_at, failing_since
FROM webhook WHERE sandbox = :sandbox

-- === executions and messages ===

-- name: request_key_insert
INSERT INTO request_key (sandbox, request_id, hash, execution_id, created_at)
VALUES (:sandbox, :request_id, :hash, :execution_id, :created_at) ON CONFLICT (sandbox, request_id) DO NOTHING

-- name: request_key_get
SELECT k.hash, k.execution_id, e.created_at, e.created_by, e.version_id
FROM request_key k JOIN execution e ON e.sandbox = k.sandbox AND e.id = k.execution_id
WHERE k.sandbox = :sandbox AND k.request_id = :request_id

-- name: execution_insert
INSERT INTO execution (sandbox, id, request_id, campaign_id, version_id, created_at, created_by)
VALUES (:sandbox, :id, :request_id, :campaign_id, :version_id, :created_at, :created_by)

-- name: execution_get
SELECT id, request_id, campaign_id, version_id, created_at, created_by
FROM execution WHERE sandbox = :sandbox AND id = :id

-- name: message_insert
INSERT INTO message (sandbox, id, execution_id, request_id, campaign_id, version_id, configuration_id, channel,
  namespace, user_id, address, created_at, expires_at, content, status, due_at)
VALUES (:sandbox, :id, :execution_id, :request_id, :campaign_id, :version_id, :configuration_id, :channel,
  :namespace, :user_id, :address, :created_at, :expires_at, :content, :status, :due_at)

-- name: messages_of_execution
SELECT id, user_id, status FROM message WHERE sandbox = :sandbox AND execution_id = :execution_id ORDER BY id LIMIT 20

-- name: message_get
SELECT id, execution_id, request_id, campaign_id, channel, namespace, user_id, address, created_at, status, attempts
FROM message WHERE sandbox = :sandbox AND id = :id

-- name: message_claim
UPDATE message SET due_at = :until, leased = 1, attempts = attempts + 1, fence = fence + 1, taken = taken + 1
WHERE sandbox = :sandbox AND id IN (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at <= :now
  ORDER BY due_at LIMIT :limit)
RETURNING id, execution_id, request_id, campaign_id, version_id, configuration_id, channel, namespace, user_id,
  address, created_at, expires_at, content, status, attempts, fence, taken, revision, events, delayed, final_event_id, due_at

-- leased = 2: held to be told only, which is no probe of the relay.
-- name: message_claim_stuck
UPDATE message SET due_at = :until, leased = 2, attempts = attempts + 1, fence = fence + 1, taken = taken + 1
WHERE sandbox = :sandbox AND id IN (
  SELECT id FROM message WHERE sandbox = :sandbox AND configuration_id = :configuration_id
    AND due_at IS NOT NULL AND due_at <= :now AND (delayed = 0 OR expires_at <= :now)
  ORDER BY due_at LIMIT :limit)
RETURNING id, execution_id, request_id, campaign_id, version_id, configuration_id, channel, namespace, user_id,
  address, created_at, expires_at, content, status, attempts, fence, taken, revision, events, delayed, final_event_id, due_at

-- `+ 0` keeps the planner to the few leased rows: by the due index it would read all that wait for the relay.
-- name: message_leased
SELECT 1 FROM message
WHERE sandbox = :sandbox AND configuration_id = :configuration_id AND leased = 1 AND due_at + 0 > :now LIMIT 1

-- name: message_settle
UPDATE message SET status = CASE WHEN erased = 0 THEN :status ELSE status END,
  due_at = CASE WHEN erased = 0 THEN CAST(:due_at AS BIGINT) END, leased = 0, taken = 0, attempts = :attempts,
  revision = revision + 1, events = events + :told, delayed = :delayed, final_event_id = :final_event_id,
  waits_for_relay = :waits_for_relay, content = CASE WHEN :drop_content = 1 THEN NULL ELSE content END
WHERE sandbox = :sandbox AND id = :id AND revision = :revision AND fence = :fence AND leased > 0

-- name: messages_free
UPDATE message SET due_at = :now, leased = 0 WHERE leased > 0 AND due_at IS NOT NULL

-- Two skip scans, one over sandboxes and one over the configurations of each. The first due time of a lane is asked for by
-- MIN and not by EXISTS, which PostgreSQL would turn into one look at all due rows.
-- name: due_message_lanes
WITH RECURSIVE place (sandbox) AS (
  SELECT MIN(sandbox) FROM message WHERE due_at IS NOT NULL
  UNION ALL
  SELECT (SELECT MIN(n.sandbox) FROM message n WHERE n.due_at IS NOT NULL AND n.sandbox > o.sandbox)
  FROM place o WHERE o.sandbox IS NOT NULL
), lane (sandbox, configuration_id) AS (
  SELECT o.sandbox, (SELECT MIN(n.configuration_id) FROM message n WHERE n.sandbox = o.sandbox AND n.due_at IS NOT NULL)
  FROM place o WHERE o.sandbox IS NOT NULL
  UNION ALL
  SELECT l.sandbox, (SELECT MIN(n.configuration_id) FROM message n
    WHERE n.sandbox = l.sandbox AND n.due_at IS NOT NULL AND n.configuration_id > l.configuration_id)
  FROM lane l WHERE l.configuration_id IS NOT NULL
)
SELECT l.sandbox, l.configuration_id FROM lane l WHERE (
  SELECT MIN(d.due_at) FROM message d WHERE d.sandbox = l.sandbox AND d.configuration_id = l.configuration_id
    AND d.due_at IS NOT NULL) <= :now

-- === events, deliveries, attempts ===

-- Of somebody who was erased nothing more is recorded.
-- name: event_insert
INSERT INTO event (sandbox, message_id, sequence, id, fact, status, channel, at, body)
SELECT :sandbox, :message_id, :sequence, :id, :fact, :status, :channel, :at, :body
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)
ON CONFLICT (sandbox, message_id, fact) DO NOTHING

-- name: events_of_message
SELECT id, message_id, sequence, fact, status, channel, at, body
FROM event WHERE sandbox = :sandbox AND message_id = :message_id ORDER BY sequence LIMIT 1000

-- name: delivery_owe
INSERT INTO delivery (sandbox, message_id, sequence, replay, id, event_id, request_id, feedback_status, webhook_id,
  format, ordered, state, due_at, created_at)
SELECT :sandbox, :message_id, :sequence, '', :id, :event_id, :request_id, :status, w.id,
  COALESCE(w.format, 'extended'), CASE WHEN COALESCE(w.order_wait, 60) = 0 THEN 0 ELSE 1 END, 'due',
  CASE WHEN COALESCE(w.order_wait, 60) <> 0 AND EXISTS (
      SELECT 1 FROM delivery p WHERE p.sandbox = :sandbox AND p.message_id = :message_id AND p.replay = ''
        AND p.sequence < :sequence AND p.state = 'due')
    THEN :at + COALESCE(w.order_wait, 60) * 1000000 ELSE :at END, :at
FROM (SELECT 1 AS one) AS o LEFT JOIN webhook w ON w.sandbox = :sandbox
WHERE CASE WHEN w.id IS NULL THEN :by_default
  ELSE CASE WHEN (w.channels & :channel_bit) <> 0 AND (w.events & :status_bit) <> 0 THEN 1 ELSE 0 END END = 1

-- name: delivery_claim
UPDATE delivery SET due_at = :until, leased = 1, attempts = attempts + 1, fence = fence + 1, taken = taken + 1,
  first_attempt_at = COALESCE(first_attempt_at, :now)
WHERE sandbox = :sandbox AND id IN (
  SELECT d.id FROM delivery d
  WHERE d.sandbox = :sandbox AND d.state = 'due' AND d.due_at <= :now
    AND (d.ordered = 0 OR NOT EXISTS (
      SELECT 1 FROM delivery p WHERE p.sandbox = d.sandbox AND p.message_id = d.message_id AND p.replay = d.replay
        AND p.sequence < d.sequence AND p.state = 'due' AND (p.attempts = 0 OR p.leased = 1)))
  ORDER BY d.due_at LIMIT :limit)
RETURNING id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state,
  attempts, fence, taken, due_at, created_at, first_attempt_at

-- name: delivery_leased
SELECT 1 FROM delivery WHERE sandbox = :sandbox AND leased = 1 AND due_at + 0 > :now LIMIT 1

-- name: event_removed
SELECT removed, at FROM event WHERE sandbox = :sandbox AND message_id = :message_id AND sequence = :sequence

-- name: event_body
SELECT body FROM event WHERE sandbox = :sandbox AND message_id = :message_id AND sequence = :sequence

-- name: delivery_settle
UPDATE delivery SET state = :state, due_at = :due_at, leased = 0, taken = 0, attempts = :attempts,
  settled_at = :settled_at, last_code = :last_code, last_trouble = :last_trouble
WHERE sandbox = :sandbox AND id = :id AND fence = :fence AND leased = 1 AND state = 'due'

-- What was leased when its webhook was deleted or its person erased, and would have to be tried again.
-- name: delivery_cancel_orphan
UPDATE delivery SET state = 'cancelled', settled_at = :now
WHERE sandbox = :sandbox AND id = :id AND state = 'due' AND leased = 0 AND (
  (webhook_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox AND w.id = delivery.webhook_id))
  OR EXISTS (
    SELECT 1 FROM message m WHERE m.sandbox = delivery.sandbox AND m.id = delivery.message_id AND m.erased = 1))

-- name: delivery_wake_next
UPDATE delivery SET due_at = CASE WHEN due_at > :now THEN :now ELSE due_at END
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0 AND attempts = 0
  AND message_id = :message_id AND replay = :replay AND sequence = (
    SELECT MIN(n.sequence) FROM delivery n WHERE n.sandbox = :sandbox AND n.message_id = :message_id
      AND n.replay = :replay AND n.state = 'due' AND n.sequence > :sequence)

-- name: deliveries_free
UPDATE delivery SET due_at = :now, leased = 0, state = CASE WHEN webhook_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox AND w.id = delivery.webhook_id)
  THEN 'cancelled' ELSE state END
WHERE leased = 1 AND state = 'due'

-- name: deliveries_cancel
UPDATE delivery SET state = 'cancelled', settled_at = :now WHERE sandbox = :sandbox AND state = 'due' AND leased = 0

-- name: deliveries_adopt
UPDATE delivery SET webhook_id = :webhook_id, format = :format, ordered = (
  SELECT CASE WHEN w.order_wait = 0 THEN 0 ELSE 1 END FROM webhook w WHERE w.sandbox = :sandbox)
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0

-- name: deliveries_cancel_unwanted
UPDATE delivery SET state = 'cancelled', settled_at = :now
WHERE sandbox = :sandbox AND state = 'due' AND leased = 0 AND (
  :wanted NOT LIKE '%,' || feedback_status || ',%' OR NOT EXISTS (
    SELECT 1 FROM webhook w JOIN event e ON e.sandbox = w.sandbox
    WHERE w.sandbox = :sandbox AND e.message_id = delivery.message_id AND e.sequence = delivery.sequence
      AND (CASE WHEN e.channel = 'email' THEN w.channels & 1 ELSE w.channels & 2 END) <> 0))

-- name: deliveries_expire
UPDATE delivery SET state = 'exhausted', settled_at = :now, last_trouble = 'no_webhook'
WHERE state = 'due' AND leased = 0 AND created_at < :before AND NOT EXISTS (
  SELECT 1 FROM webhook w WHERE w.sandbox = delivery.sandbox)

-- name: request_keys_expire
DELETE FROM request_key WHERE (sandbox, request_id) IN (
  SELECT sandbox, request_id FROM request_key WHERE created_at < :before LIMIT :limit)

-- name: sign_in_links_expire
DELETE FROM sign_in_link WHERE expires_at <= :now

-- name: sessions_expire
DELETE FROM session WHERE expires_at <= :now

-- name: deliveries_waiting
SELECT COUNT(*) FROM delivery WHERE sandbox = :sandbox AND state = 'due'

-- name: delivery_replay
INSERT INTO delivery (sandbox, message_id, sequence, replay, id, event_id, request_id, feedback_status, webhook_id,
  format, ordered, state, due_at, created_at)
SELECT d.sandbox, d.message_id, d.sequence, :id, :id, d.event_id, d.request_id, d.feedback_status, w.id,
  w.format, 0, 'due', :now, :now
FROM delivery d JOIN webhook w ON w.sandbox = d.sandbox
JOIN event e ON e.sandbox = d.sandbox AND e.message_id = d.message_id AND e.sequence = d.sequence AND e.removed = 0
WHERE d.sandbox = :sandbox AND d.id = :original

-- name: delivery_get
SELECT id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state, attempts,
  due_at, created_at, settled_at, leased, last_code, last_trouble FROM delivery WHERE sandbox = :sandbox AND id = :id

-- name: deliveries_page
SELECT id, event_id, message_id, request_id, feedback_status, sequence, replay, webhook_id, format, state, attempts,
  due_at, created_at, settled_at, leased, last_code, last_trouble
FROM delivery WHERE sandbox = :sandbox AND id < :before AND (:state = '' OR state = :state)
  AND (:tried = -1 OR (:tried = 0 AND attempts = 0) OR (:tried = 1 AND attempts > 0))
ORDER BY id DESC LIMIT :limit

-- Of those that may be posted to: a parked sandbox would be looked at in vain at every sweep.
-- name: due_delivery_lanes
WITH RECURSIVE lane (sandbox) AS (
  SELECT MIN(sandbox) FROM delivery WHERE state = 'due'
  UNION ALL
  SELECT (SELECT MIN(d.sandbox) FROM delivery d WHERE d.state = 'due' AND d.sandbox > l.sandbox)
  FROM lane l WHERE l.sandbox IS NOT NULL
)
SELECT l.sandbox FROM lane l JOIN webhook w ON w.sandbox = l.sandbox
WHERE w.paused_at IS NULL AND (w.failures < :threshold OR w.open_until IS NULL OR w.open_until <= :now) AND (
  SELECT MIN(d.due_at) FROM delivery d WHERE d.sandbox = l.sandbox AND d.state = 'due') <= :now

-- name: attempt_insert
INSERT INTO attempt (sandbox, message_id, id, delivery_id, number, at, doc)
SELECT :sandbox, :message_id, :id, :delivery_id, :number, :at, :doc
WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.sandbox = :sandbox AND m.id = :message_id AND m.erased = 1)

-- name: attempts_of
SELECT doc FROM attempt WHERE sandbox = :sandbox AND delivery_id = :delivery_id ORDER BY id LIMIT 200

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
