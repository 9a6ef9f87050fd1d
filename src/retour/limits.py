"""Every limit in one place, each with its reason. Pages, docs and code read the numbers here."""

from __future__ import annotations

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# --- requests ---
REQUEST_BODY_BYTES = 4 * 1024 * 1024  # 20 recipients with profiles of that size, the context, and the rest
RECIPIENTS = 20  # AJO: 1 to 20 per call
NAME_CHARACTERS = 100
USER_ID_CHARACTERS = 320  # the longest e-mail address: 64 + @ + 255
REQUEST_ID_CHARACTERS = 128
JSON_DEPTH = 32
CONTEXT_BYTES = 200 * 1024  # AJO: 200 kB of context in a request, all recipients together
PROFILE_BYTES = 100 * 1024  # AEP: a profile record
INTAKE_RATE = 500  # calls a second and sandbox; AJO's peak for transactional messages
INTAKE_RATE_HIGH = 5_000  # the same in high throughput mode
COMMIT_SECONDS = 2.0  # a store that can't commit in that time answers 503
REQUEST_KEY_AGE = 30 * DAY

# --- retention ---
KEEP_BODIES_DAYS = (
    30  # of events: the time in which somebody finds out that his endpoint was wrong, and replays
)
KEEP_ATTEMPTS_DAYS = 90  # of what is over: a quarter
KEEP_BODIES = (1, 3_650)
KEEP_ATTEMPTS = (30, 3_650)  # not less than request ids, which name executions

# --- alerts ---
ALERT_STEPS = (
    5 * MINUTE,
    HOUR,
    24 * HOUR,
    96 * HOUR,
)  # of failing; the last leaves a day before a message is given up
ALERT_SECONDS = 30.0  # between two looks
ALERT_MAIL_SECONDS = 15.0  # for one e-mail; a stop waits for it
ALERT_HOLD = 5 * MINUTE  # then another process may tell it, or the same one again

# --- templates ---
TEMPLATE_BYTES = 512 * 1024
TEMPLATE_DEPTH = 32
RENDER_FUEL = 100_000
RENDERED_BYTES = 2 * 1024 * 1024  # AJO: processed content of an e-mail
SMS_CHARACTERS = 1_600  # ten parts; what providers take (Twilio)

# --- the webhook ---
HEADERS = 20
HEADER_NAME_CHARACTERS = 100
HEADER_VALUE_BYTES = 4_096
HEADERS_BYTES = 16_384
URL_CHARACTERS = 2_048
CLAIMS_BYTES = 4_096
DEADLINE_SECONDS = (1, 30)
DEADLINE_DEFAULT = 10
NAME_LOOKUP_SECONDS = 2.0
CONNECT_SECONDS = 3.0
NAME_LOOKUPS_PER_SANDBOX = 2
RESPONSE_READ_BYTES = 64 * 1024
RESPONSE_KEPT_BYTES = 16 * 1024
RESPONSE_HEADER_BYTES = 16 * 1024
CONNECTION_AGE_SECONDS = 60
ORDER_WAIT_SECONDS = (0, 3_600)
TOKEN_LIFETIME_SECONDS = (60, 86_400)
TOKEN_REUSE = 0.8  # of its life; then a new one is signed
PARKED_AGE = 14 * DAY

# --- retries ---
WEBHOOK_SCHEDULE = (
    5,
    30,
    300,
    1_800,
    7_200,
    18_000,
    36_000,
    50_400,
    72_000,
    86_400,
)  # seconds; 11 tries in 75.6 h
SENDING_SCHEDULE = (5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400)  # seconds; the last repeats
JITTER = 0.2
RETRY_AFTER_MAX = 24 * HOUR
TAKEN_TOO_OFTEN = 10  # claims of a row that was never settled: a bug or a crash each time
CIRCUIT_FAILURES = 10  # failed tries in a row before a webhook's circuit opens
WEBHOOK_PROBE = (5 * SECOND, 5 * MINUTE)  # shortest and longest pause between probes
RELAY_PROBE = (2 * SECOND, MINUTE)

# --- leases, slots, sweeps ---
LEASE_MARGIN = 10 * SECOND  # beyond the deadline of a webhook
SENDING_LEASE = 90 * SECOND  # the SMTP budget of 60 s and a margin of 30
SMTP_SECONDS = 60.0
SMTP_CONNECT_SECONDS = 10.0
SMTP_MESSAGES_PER_CONNECTION = 100
SMTP_IDLE_SECONDS = 30.0
RELAY_CONNECTIONS = (1, 64)
DISPATCH_SLOTS = 16  # per sandbox: one hanging endpoint holds these and no more
SENDING_SLOTS = 8  # per channel configuration that names no limit of its own
IN_FLIGHT = 512  # per room and process
SWEEP_SECONDS = 1.0
RETRY_PERIOD_MINUTES = (0.05, 5_040)  # AJO: 10 to 5,040; shorter ones are for trying things out

# --- people and credentials ---
TOKEN_SECONDS = 86_400
TOKEN_CACHE_SECONDS = 60
SESSION_SECONDS = 12 * 3_600
SIGN_IN_LINK_SECONDS = 3_600
PASSWORD_CHARACTERS = (12, 256)
SIGN_IN_TRIES = 5  # per address and minute
