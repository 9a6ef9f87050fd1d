# ruff: noqa: E501  (alternatives are read by line)
"""Phrases by which mails that come back are known, as data: senders, subjects, turns of speech of hosts, in several languages."""

from __future__ import annotations

import re

HOSTS = re.compile(
    r"mailer[-_. ]?daemon|post[-_ ]?master|mail ?delivery|mdaemon|mail[-_ ]?(er|system|administrator|router|gateway)\b"
    r"|^\W*(bounce|noreply-bounce|nobody|root|mmdf|daemon)|system administrator|microsoft ?(exchange|outlook)|smtp gateway"
    r"|internet mail|delivery (subsystem|system)",
    re.I,
)
"""Senders that are mail systems."""

SUBJECTS = re.compile(
    r"undeliver|(un|non|not)[- ]?deliverable|not (be )?delivered|non[- ]?(delivery|remis)|delivery[\w ]{0,24}(fail|status|error|problem|report|delay)"
    r"|(fail|return|bounc|reject)\w* (mail|e-?mail|message|delivery)|mail (delivery|returned|fail|error|system error)"
    r"|message (status|delivery|not delivered|undeliv|could not)|failure (notice|notification|delivery)|returned (mail|to)"
    r"|unzustellbar|nicht zustellbar|unzustellbarkeit|zustellung|fehlgeschlagen|non remis|echec de|échec|non delivr"
    r"|no se (ha )?pu(do|ede) entregar|devuelto|onbestelbaar|niet (worden )?bezorgd|mancata consegna|не доставлено"
    r"|配信|配送|送信(でき|エラー)|メールエラー|エラー(通知|メール)|届きません|退信|退回|投递|недоставлен|не доставлен|반송|전송 ?실패|delayed|warning: (could|message)|could not send"
    r"|mail could not|user unknown|(virus|banned)[^:]{0,60} in (mail|message)|(message|mail) blocked|error (de|en la) entrega|error sending your|non (distribu|deliv|remis|consegn)|n[aã]o (foi )?entreg|devolvid[ao]|no entregad"
    r"|niedostarcz|kunde inte|kunne ikke|ei voitu|teslim edilem|(are|is|you're) not (a )?(list )?member|(post|posting) (has been |was )?reject",
    re.I,
)
"""Subjects of bounces."""

DELAYED = re.compile(
    r"(this is|##) a? ?warning|warning (message )?only|still being (retried|attempted)|will (be retried|keep trying|continue (trying|to try)"
    r"|try again|be re-?attempted)|do(es)? not need to (re-?send|do anything)|no action is required|delivery (is |has been )?delayed"
    r"|delay(ed)? (mail|delivery|notification)|has not yet been delivered|attempts will continue|deferred|being queued for|automatically retry",
    re.I,
)
"""It is only late."""

GIVEN_UP = re.compile(
    r"giving up|given up|gave up|permanent|will not (be )?(retried|try)|no (more|further) (attempt|retr|deliver)"
    r"|not try(ing)? again|has been (returned|removed|deleted|expired)|retry time-?out exceeded|undeliverable|cannot send (message|mail) (for|within)",
    re.I,
)
"""It is over, whatever else is said."""

RETURNED = re.compile(
    r"^[ \t>]*[-=_*+ ]{0,40}(this is a copy of|(the )?(original|returned|bounced|unsent|attached|rejected) (message|mail|text|header)s?"
    r"(?! (was|were|has|had|is|could|can|will|did|that|you|which|sent|with|to|from|on)\b)"
    r"|(original|message|returned mail) (headers?|text|contents?|body)|begin (original|message|of)|below (this line )?is (a|the) copy"
    r"|included is a copy|(here|below|attached) is (a copy of )?(your|the) (original |returned )?(message|mail)|a copy of (your|the|this)"
    r"|message header follows|(the )?(first|complete|full) (\d+ )?(lines|text|bytes) of|text of (your )?message|start of returned"
    r"|your message (reads|follows|text)|return(ed)? (content|message|mail) follows?|old message:|received: (from|by) |return-path: ?<)",
    re.I | re.M,
)
"""Here the mail begins that is returned."""

FRAME = re.compile(
    r"^(hi|hello|dear|an error (was|has) (been )?(detected|occurred)|this is (the|an?) .{0,60}(mail|message|program|notif)|i'?m (sorry|afraid)|we'?re sorry|sorry|for further assistance"
    r"|if you (do so|have|think|feel|believe|wish|need)|delete your own text|the mail system$|please (contact|do not reply|direct)|note:"
    r"|reporting-mta|arrival-date|date:|from:|subject:|sent:|message-id:)",
    re.I,
)
"""Paragraphs that are polite and tell nothing."""

SAYS_SO = re.compile(
    r"(could|can|was|has|have|were|did|will|is|are) ?(not|n't|n’t)( yet)? (be(en)? )?(deliver|reach|sent|accept|process)|undeliver|unable to deliver"
    r"|deliver(y|ed)? (has )?(to .{0,60} )?fail|returned (mail|message|to sender|because)|been returned|wasn't able to deliver"
    r"|permanent (error|failure)|mail system error|n'a pas (p?u )?([eê]tre )?(distribu|remis|d[eé]livr)|n'a pas p?u (pu )?[eê]tre|konnte nicht"
    r"|nicht zugestellt|no (se ha )?(pudo|podido)|non (è|e) stat|non pu[oò] essere|n[aã]o (p[oô]de|foi)|配信|配送|送信できません|届け(でき|られ)|届きません|전송에 실패|nie zosta\w+ dor[eę]cz|nie zosta\w+ dostarcz|无法|無法"
    r"|не (может быть|был\w*|удалось) достав|kunde inte|kunne ikke|ei voitu|not a (list )?member|trouble delivering|did not reach|failed to send"
    r"|no (fue|es|ha sido) posible|has not been delivered|delivery of the (e-?mail|message) was stopped|was (considered|classified as) (spam|unsolicited|junk)"
    r"|could not send|undelivered|not deliverable|not accepted by|rejected by",
    re.I,
)
"""Something was not delivered."""

FIELD_LINES = re.compile(
    r"^[ \t>*]{0,12}(To|Cc|Subject|Sent|From|Date|Re|Reply-To|Betreff|Objet|Asunto):.*$", re.I | re.M
)
"""Lines that repeat fields of the mail it is about."""

MACHINES = re.compile(r"auto[-_ ]?repl|auto[-_ ]?respon|vacation|out[-_ ]of[-_ ]office|autoanswer", re.I)
"""Values of Precedence of machines that answer."""

ROBOTS = re.compile(r"no-?reply|do-?not-?reply|mail-?sys|robot|notif|quarantine|protect|gateway|filter", re.I)
"""Senders that are programs, of mail systems or not."""

OF_PEOPLE = re.compile(r"\s*(re|aw|sv|vs|antw?|odp|r|rv|fwd?|wg|tr|doorst|encaminhado)\s?(\[\d+\])?:", re.I)
"""Subjects of people who answer or pass something on."""

AWAY = re.compile(
    r"out of (the )?office|automatic reply|auto(matic|mated)?[- :]*(reply|response|answer|respuesta)|^auto:|on (vacation|leave|holiday)"
    r"|abwesen|abwezig|afwezig|absence|réponse automatique|reponse automatique|respuesta automática|risposta automatica|away from"
    r"|自動(応答|返信)|自动(回复|答复)|автоответ|frånvaro|poissa",
    re.I,
)
"""Subjects of machines that answer."""

LABELS = (
    r"(?:recipients?|recipient'?s? address|failed address(?:es)?|address(?:es|ed to)?|undeliverable to|deliver(?:ed|y)?(?: \w+){0,3} to"
    r"|attempts|user|mailbox|account|mobile|message (?:\w+ ){0,3}to|mail to|e-?mail to|sent to|send to|failed for|says|ihre nachricht an"
    r"|adressé à|destinataires?|destinatarios?|empfänger|宛先|あて先|受信者|收件人|收件者|получател\w+|rcpt to)"
)
"""What stands before a failed recipient's address in running text."""

SENDING = (
    r"(?:return[- ]address|return[- ]path|sender|mail from|\bfrom|reply[- ]to|message-id|contact|help|write to|forward"
    r"|please|questions?|assistance|absender|expéditeur|remitente|mittente)\b"
)
"""What stands before an address that is not the recipient's."""

OFFICES = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|post_master|mdaemon|abuse|hostmaster|noc|no-?reply|do-?not-?reply|nobody|(?:mail)?support|help(?:desk)?"
    r"|mail-?admin\w*|administrator|double-bounce)@",
    re.I,
)
"""Addresses of people and machines that look after mail."""

CHALLENGES = re.compile(
    r"\b(add(ed|s|ing)? (yourself|your (e-?mail )?address)|your (e-?mail )?address [^.]{0,20}(added|entered|comes?|put))[^.]{0,60}"
    r"\b(allow|approv|guest|white|safe|trust)\w*[-\s]{0,2}(senders?'?\s)?list"
    r"|(prove|verify|confirm|make sure)[^.]{0,40}\b(you are|you're)[^.]{0,20}\b(human|real|person)"
    r"|(mail|message) [^.]{0,60}\b(wait-?listed|(held|waiting|kept|stored|queued)[^.]{0,60}(until|till|for) you[^.]{0,40}(confirm|verif|approv|click|reply|answer))"
    r"|(sender|address) (verification|confirmation|authorization) (request|required|needed)",
    re.I,
)
"""The recipient's side asks the sender to prove that he is a person."""
