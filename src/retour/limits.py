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
TALLY_MINUTES_AGE = 25 * HOUR  # counts by the minute: a day, and the hour that has begun
TALLY_HOURS_AGE = 400 * DAY  # counts by the hour: a year, and the month to compare it with
TALLY_ROWS = 20_000  # of counts in one answer: a day of minutes with a dozen keys each
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

# --- lists, search, the feed of events ---
EVENTS_SCANNED = 10_000  # of a sandbox's events, for one page of a filtered list: 20 to 150 ms
MESSAGES_SCANNED = 50  # of a recipient's messages, for one page
EVENTS_OF_MESSAGE = 50  # shown of one message; a usual one has two or three
DELIVERIES_OF_MESSAGE = 100  # with replays
ATTEMPTS_OF_MESSAGE = 200
CAMPAIGNS_OFFERED = 200  # in a list of choices
CSV_ROWS = 10_000
CSV_PAGES = 50  # of EVENTS_SCANNED each: half a million events are looked at, and no more
SEARCH_CHARACTERS = 320  # a user id may be as long
SEARCH_HITS = 20  # of a recipient's messages, the newest
FEED_LAG = 15 * SECOND  # a commit takes 10 s at most on PostgreSQL; the rest is for clocks that differ

# --- reports ---
CHART_BUCKETS = 96  # in a chart: more is slow to draw, and finer than a screen shows
LIST_LINES = 10  # of a list of codes; its CSV has all
FAILED_LOOK_BACK = 7 * DAY  # of the overview: what failed before that has been looked at, or nobody will
SUCCESS_OBJECTIVE = 99.0  # percent of a webhook's attempts: the line in the chart
SUCCESS_FAILING = 90.0  # percent of the last hour's attempts, below which a webhook is called failing

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
THROTTLE_PAUSE = (
    SECOND,
    5 * MINUTE,
)  # of a lane whose provider takes no more; longer, and nobody sees that it does
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
SMTP_EXAMINE_SECONDS = 15.0  # somebody waits for the page
SMTP_MESSAGES_PER_CONNECTION = 100
SMTP_IDLE_SECONDS = 30.0
RELAY_CONNECTIONS = (1, 64)
SMPP_SECONDS = 60.0  # for one message, waiting for its turn and all its parts: as by SMTP
SMPP_CONNECT_SECONDS = 10.0
SMPP_ANSWER_SECONDS = 20.0  # for an answer of the SMSC; of a submit, nobody knows after that
SMPP_BIND_SECONDS = 10.0  # for the answer to a bind
SMPP_READY_SECONDS = 25.0  # a message waits for a session: an attempt takes 22 at most
SMPP_ENQUIRE_SECONDS = 30.0  # of silence, then the SMSC is asked whether it is there
SMPP_FRESH_SECONDS = 5.0  # heard of so lately, the SMSC is not asked before a submit
SMPP_STEADY_SECONDS = 10.0  # a session that lasted so long is bound again at once
SMPP_PAUSE_SECONDS = (1.0, 60.0)  # shortest and longest pause before another bind
SMPP_LOOK_SECONDS = 5.0  # between two looks at which SMSCs are configured
SMPP_EXAMINE_SECONDS = 15.0  # somebody waits for the page
SMPP_PDU_BYTES = 72 * 1024  # a message_payload has 64 KiB at most
SMPP_PDUS = (
    4_000  # read a second of one session: the answers and receipts of more messages than perSecond allows
)
SMPP_HEARD_AT_ONCE = 64  # receipts and replies of one session in work; more are asked to come again
SMPP_PARTS = 255  # what the header of a part can count (3GPP TS 23.040)
SMPP_VALIDITY_MINUTES = (
    48 * 60
)  # for which an SMSC tries, at most: many take no more, and its last word comes in time
REPORT_PAUSE = 0.1  # seconds between two looks at a message that is being tried while a report of it is here
REPORT_WAITS = 50
REPORTS_AT_ONCE = 32  # in this process, of those that come many together; each is a look and a commit
PROVIDER_REF_AGE = 40 * DAY  # no provider reports of a message after a month
EARLY_REPORT_AGE = 72 * HOUR  # what it waits for is written within minutes, or was never ours
EARLY_REPORT_SCHEDULE = (
    5,
    30,
    120,
    600,
    3_600,
)  # seconds; the last repeats. What settles a message wakes its own
EARLY_REPORT_LEASE = 15 * SECOND  # a look and a commit
RETURNED_MAIL_BYTES = 10 * 1024 * 1024  # Postfix's own limit (message_size_limit) is 10,240,000
RETURNED_MAIL_HEAD = 256 * 1024  # read of a mail: words and status come before the mail that is returned
RETURNED_MAIL_KEPT = 64 * 1024
RETURNED_MAIL_READ_AT_ONCE = 64 * 1024  # a larger one is read in a thread
RETURNED_MAIL_RATE = 500  # a second; more are asked to come again
RETURNED_MAIL_CONNECTIONS = 100
RETURNED_MAIL_IDLE_SECONDS = 60.0
CALLBACK_BYTES = 2 * 1024 * 1024  # SendGrid posts 768 kB at once, SNS 256 kB
CALLBACK_EVENTS = 10_000  # in one callback; SendGrid posts some thousands
CALLBACKS_AT_ONCE = 16  # in this process, each with its body in memory; more are asked to come again
CALLBACK_AGE = 25 * HOUR  # of a signature: SendGrid tries again for 24 hours, Mailgun for 8
CALLBACK_AHEAD = 5 * MINUTE  # clocks differ
CALLBACK_TOKENS = 10_000  # of Mailgun, that are remembered so that none is good for another body
CALLBACK_FETCH_SECONDS = 5.0  # for a certificate of SNS, or to confirm a subscription
CERTIFICATES_KEPT = 32  # of SNS: one for each region and some that were replaced
CERTIFICATE_AGE = DAY  # then it is fetched again
POSTFIX_CHUNK = 256 * 1024  # of the log at once
POSTFIX_LINE = 8 * 1024  # read of a line
POSTFIX_OPEN = 20_000  # of our mails in Postfix's queue that are remembered: what is put off stays for days
POSTFIX_WORDS = 200  # kept of why a mail was put off
POSTFIX_PAUSE = 0.5  # seconds between two looks
POSTFIX_REMEMBERED = (
    5.0  # seconds between two notes of how far it was read, which are a megabyte or more with many open mails
)
DISPATCH_SLOTS = 50  # per sandbox: 500 a second at 100 ms an answer; a hanging endpoint holds these alone
SENDING_SLOTS = 8  # per channel configuration that names no limit of its own
IN_FLIGHT = 1_024  # per room and process: twenty such endpoints, until their circuits open
SWEEP_SECONDS = 1.0
RETRY_PERIOD_MINUTES = (0.05, 5_040)  # AJO: 10 to 5,040; shorter ones are for trying things out

# --- SMS providers ---
SMS_SECONDS = 20.0  # for one submit
ACCESS_TOKEN_ASK_SECONDS = 15.0  # to get a token; each of the two at most twice, within SENDING_LEASE
SMS_EXAMINE_SECONDS = 10.0  # somebody waits for the page
PROVIDER_TEXT_CHARACTERS = 1_000  # of one setting
PROVIDER_SECRET_CHARACTERS = 8_192  # a private key of RSA 4096 has 3,300
PROVIDER_JSON_BYTES = 16 * 1024  # of a payload, headers or a mapping
ACCESS_TOKENS_KEPT = 1_000
ACCESS_TOKEN_SECONDS = 300  # of one whose provider does not say how long it is good

# --- text messages ---
SMS_PARTS = (1, 10)  # in one message: ten carry SMS_CHARACTERS or nearly so, and each of them is paid for
SMS_PER_SECOND = (0.1, 1_000)  # one in ten seconds, as from a handset, to what an SMSC takes on one bind
SMS_AT_ONCE = (1, 64)  # as RELAY_CONNECTIONS
SMS_REPORT_HOURS = (0, 168)  # networks try for three days as a rule, a week at most (23.040: validity period)
SENDER_NAME_CHARACTERS = 11  # septets that fit an address field (23.040, 9.1.2.5)
SHORT_CODE_DIGITS = (3, 8)  # the shortest and longest that countries give out

# --- suppression and allowed lists ---
SOFT_THRESHOLD_DEFAULT = 5  # AJO, as the next two
SOFT_THRESHOLD = (1, 20)
ALLOWED_ENTRIES = 1_000
SOFT_ERROR_GAP = 24 * HOUR  # AJO: errors of different messages add up when they are that far apart
SOFT_ERROR_AGE = 180 * DAY  # what an address has not repeated for half a year is forgotten
SUPPRESSION_COMMENT_CHARACTERS = 256
KEYWORD_CHARACTERS = 40  # of an answer that may be a word like STOP; the longest has 11
SUPPRESSION_ENTRIES = 1_000  # in one call
SUPPRESSION_PAGE = (1, 1_000)
UPLOAD_BYTES = 10 * 1024 * 1024  # AJO takes 1 MB; 100,000 addresses with comments have five
UPLOAD_ROWS = 200_000
UPLOAD_BATCH = 500  # rows to a commit
UPLOAD_LEASE = 30 * SECOND  # of whoever works on an upload; renewed with each commit
UPLOAD_AGE = 30 * DAY
UPLOADS_LISTED = 50
UPLOAD_RECORDS_SHOWN = 1_000  # failed records in an answer; the error report has all
EXPORT_ROWS = 1_000_000  # in a downloaded list, read a page at a time

# --- people and credentials ---
TOKEN_SECONDS = 86_400
TOKEN_CACHE_SECONDS = 60
SESSION_SECONDS = 12 * 3_600
SIGN_IN_LINK_SECONDS = 3_600
PASSWORD_CHARACTERS = (12, 256)
INVITATION_AGE = 7 * DAY
SIGN_IN_TRIES = 5  # per account and minute
SIGN_IN_TRIES_OF_ADDRESS = 30  # per network address and minute: an office shares one
CREDENTIAL_OVERLAP_HOURS = (0, 168)  # for which both secrets are good after a rotation
CREDENTIAL_USE_NOTED = HOUR  # between two notes that a credential is used
AGENT_CHARACTERS = 200  # kept of what a browser calls itself

# --- the audit log ---
AUDIT_AGE = 400 * DAY  # a year, and time to look at it
AUDIT_VALUE_CHARACTERS = 2_000  # of a value before and after; an HTML body may have half a million

# --- the list of deliveries ---
LIST_ROWS = 50
LIST_SCAN = 20_000  # rows that a filter may pass over in one page, then it says how far it looked
LIST_SCAN_MESSAGES = 2_000  # of one recipient
LIST_COUNT = 1_000  # counted no further than that
REPLAYS = 1_000  # deliveries by one press of “Replay all”
REPLAYS_AT_ONCE = 50  # hand-overs of these on their way to one commit
LIVE_SECONDS = 1.0  # between two looks at a sandbox that somebody watches
LIVE_ROWS = 100  # the newest that are looked at, and as many of those that failed
LIVE_BEAT_SECONDS = 15.0  # proxies close what is silent for longer
LIVE_OVERLAP = FEED_LAG  # told again after a break: rows committed late, clocks that differ
LIVE_STREAMS = 6  # of one person and process: as many as a browser opens to one host by HTTP/1.1
