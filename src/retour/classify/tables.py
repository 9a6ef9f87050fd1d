# ruff: noqa: E501  (a row is a line: the tables are read by column)
"""Tables of the bounce classifier, as data: failure codes, telling words, enhanced codes, reply codes.

Codes, labels and types: journey-optimizer "Email error types", which are SparkPost/Momentum's "Bounce
Classification Codes"; code 25 has the wire type that AJO's webhook sample shows. Words are matched in lower
case without accents, after addresses, host names and links were taken out (classify.py). In `words`, `…` is
"up to 40 characters of the same sentence". The order of PATTERNS decides: the first hit wins.
"""

from __future__ import annotations

from typing import NamedTuple

from retour.model import FailureType

_HARD, _SOFT, _IGNORED = FailureType.HARD, FailureType.SOFT, FailureType.IGNORED

FAILURES: dict[int, tuple[FailureType, str]] = {
    1: (_IGNORED, "Undetermined"),
    10: (_HARD, "Invalid Recipient"),
    15: (_HARD, "Recipient Refused"),
    20: (_SOFT, "Soft Bounce"),
    21: (_SOFT, "DNS Failure"),
    22: (_SOFT, "Mailbox Full"),
    23: (_IGNORED, "Too Large"),
    24: (_IGNORED, "Timeout"),
    25: (_IGNORED, "Admin Failure"),
    30: (_IGNORED, "Generic Bounce: NO RCPT"),
    40: (_IGNORED, "Generic Bounce"),
    50: (_IGNORED, "Mail Block"),
    51: (_IGNORED, "Spam Block"),
    52: (_IGNORED, "Spam Content"),
    54: (_SOFT, "Relaying Denied"),
    60: (_IGNORED, "Auto-Reply"),
    70: (_IGNORED, "Transient Failure"),
    100: (_SOFT, "Challenge-Response"),
}
"""Failure code -> (type on the wire, reason label)."""


class Pattern(NamedTuple):
    """Words that tell a failure code, and where they are known from."""

    code: int
    words: str
    source: str


_USER = (
    r"\b(user|recipient|rcpt|mail ?box|in ?box|account|add?resse?|alias|addressee|customer|login|member|person"
    r"|subscriber|utilisateur|destinataire)e?'?s?\b"
)
_GONE = (
    r"(unknown|not (be )?found|no longer|(does not|doesn't|doesnt|don't|do not|didn't) exist|not exist\b|non-?exist"
    r"|((is|was|are|been|has|temporarily|currently|account|mailbox|user|recipient|address) |[:(] ?)"
    r"(now |been |currently |permanently )?(disabled|deactivated|inactive|suspended|closed|locked|frozen"
    r"|terminated|deleted|discontinued|invalid|expired|dormant|unrouted|cancelled|canceled|retired|removed)"
    r"|not (a )?(valid|known|active|recogni[sz]ed|here|listed|local|on this|in our|our|hosted|present|in use)"
    r"|(could not|couldn't|cannot|can't|wasn't) (be )?(found|verified|identified|located|matched)"
    r"|has (been )?moved|undeliverable|unavailable|not available|rejected: invalid|lookup fail)"
)
# Before _GONE: it would be the domain that is gone.
_NO_HOST = (
    "(?<!host )(?<!hostname )(?<!domain )(?<!dns )(?<!host was )(?<!host is )(?<!domain was )(?<!domain is )"
)
_REFUSED = (
    r"(denied|not (be )?(permitted|allowed|authori[sz]ed|supported)|prohibited|forbidden|disallowed|refused"
    r"|restricted|rejected|is not)"
)
_SPAM = r"(spam|junk|uce|ube|unsolicited|bulk (e-?)?mail|scam)\b"

PATTERNS: tuple[Pattern, ...] = (
    # --- 100: the recipient's side asks the sender to prove that he is a person
    Pattern(100, r"challenge[- /]?response|\b(boxbe|spam ?arrest|bluebottle)\b|\btmda\b|not pre-?approved|requires? (a )?confirmation|(guest|allowed|approved)( senders?)? list and to ensure", "the products' names"),
    Pattern(100, r"(confirm|prove|verify)…(you are|you're)…(human|real|person)", "challenge mails"),
    # --- 54: relaying
    Pattern(54, r"relay(ing|ed)?( access| mail| attempt| of mail| message)?( to …)?( is| was)? " + _REFUSED, "Postfix, Exim"),
    Pattern(54, r"(unable|not (permitted|allowed|authori[sz]ed)|cannot|can't|won't|will not|refuse|attempt) to relay", "Exchange"),
    Pattern(54, r"(do(es)? not|don't|doesn't|cannot|can't|will not|no) (open |mail |allow )?relay|open relay", "various"),
    Pattern(54, r"rcpthosts|insecure mail relay|as (a|an open|your) relay\b|not been configured to let you|tenantattribution|not a (gateway|relay)|not configured to relay|only registered users|turn on smtp auth|(?<!senders )must (first )?(be )?authenticat(e|ed)(?! with)|(not|n't) (be )?allowed to be relayed|relayed thr", "qmail, RFC 3461 era sendmail, Exchange Online"),
    Pattern(54, r"relais (refuse|interdit)|weiterleitung (verweigert|nicht)|中継(を|が)?(拒否|許可)", "fr, de, ja"),
    Pattern(54, r"(?<!for )(smtp auth\w*|(?<!; )\bauthentication|client (was )?not authenticated) (is )?(required|to send)", "Exchange 5.7.57, RFC 4954"),
    # --- 52: what the message says
    Pattern(52, r"\bvirus(es)?\b(?! (scan\w*|check\w*) …(unavailable|fail))|malware|phish|trojan|\binfected\b", "clamav-milter, amavis"),
    Pattern(52, r"(attachment|file ?(name|type|extension)|executable)s?…(restricted|not (allowed|accepted|permitted)|forbidden|block|prohibit|banned|reject|disallow|dangerous|illegal)", "MIME filters"),
    Pattern(52, r"\battached files?\b…(not (allowed|accepted|permitted)|forbidden|block|prohibit|reject|dangerous)|(message|e-?mail|content) (was |has been |is )?filtered|spam (points?|probability)|(black ?listed|malicious|bad|suspicious) (url|uri|link)s?\b|headers? (are|is|looks?) (suspicious|bad)|reject, id=\S{1,60} - \w|character sets?\b", "Symantec, qmail filters"),
    Pattern(52, r"(forbidden|banned|prohibited|illegal|blocked|dangerous|disallowed|restricted) (\w+ )?(attachment|file ?name|file type|extension)", "amavis"),
    Pattern(52, r"content presents a potential security|\b(content|body|urls?|links?)\b…(reject|refus|block|not accept|denied|prohibit|unacceptable|violat|black ?list|suspicious)", "Gmail 5.7.0, Tencent"),
    Pattern(52, r"(reject|refus|block|denied|not accepted)…(message|mail|email|its|objectionable|bad|suspicious) content|objectionable content|message (looks|seems) suspicious|hidden url", "various"),
    Pattern(52, r"(\b(is|as|contains?|containing|consider(s|ed)?|classified|identified|detected|marked|flagged|looks?|appears?|be|probabl[ey]|likely|suspected|possible|for|of)\b( \S{1,12}){0,2}? )" + _SPAM + r"(?!( e-?mail)? (source|sender|sent|originat|host|server|policy|list|from|complaint|traffic|mail originating))(?! mail originating)", "Gmail, Yandex, SpamAssassin"),
    Pattern(52, r"spam[- ]?like (?!characteristics)|\bspam[- ]?(my )?(e-?)?(mail|signature|message|detect|filter|content|score|rating|level|check|word|rule|threshold|assassin|reject)s?(?! (source|server|from your)|ing from)|rspamd|cloudmark|bayesian", "Postfix content filters"),
    Pattern(52, r"(high|message|too high|over)…spam(?!mer)|reject\w*:? spam|spam (refus|reject|block|not accept)|\bjunk ?mail\b(?! rejected -)|spam url|\(\W{0,3}spam\W{0,3}\)|spamming (is )?(not|prohibit|forbid)|reject\w*\W{1,4}(bulk|junk) |\badvertis(?!e[sd]? )|ofr ?50[67]", "Mail.ru, Orange France"),
    Pattern(52, r"垃圾(邮件|郵件|信)|病毒|(违规|敏感|非法)(内容|信息|词)|\bспам", "zh: QQ, NetEase; ru"),
    Pattern(52, r"(^|[-:;=>] ?)\W*spam\W*$|spamshield|unerwunschte (werbung|nachricht|inhalt)|contenu (refuse|interdit|indesirable)|迷惑メール|スパム", "de, fr, ja"),
    # --- 21 before what may stand beside it, where the name service itself is quoted
    Pattern(21, r"unable to get mx info|\bno mx for\b|nxdomain|name service error|infodomainnonexistent|dns error: domain name not found|proper dns entries|mail domain mentioned", "Postfix, Gmail, Exchange 5.4.310"),
    # --- 51: who we are: address and name of the sending host
    Pattern(51, r"\bdnsr?bl|blocked for abuse|\br[bh]l\b|\bdul\b|spamhaus|\bsorbs\b|spamcop|barracuda|senderbase|uceprotect|abuseat|\bxbl\b|\bzen\b", "block lists"),
    Pattern(51, r"(?<!personal )\b(black|block|deny|bad|reject)[- ]?(list|hol)(ed|ing|s)?\b(?! by (the )?(recipient|user))|(?<!not )(?<!un)\blisted (at|in|on) |リスト(に|へ)?登録|schwarze liste|liste noire", "Outlook S3140, many"),
    Pattern(51, r"\b(abuse|drop|spam(mer)?s?) ?list|known spammer|messages? from…permanently deferred|\((hvu|rtr|dns|dyn|con|rly|hld) ?: ?\w{1,8}\)|\baup#|(mails?|messages?|connections?) from 0\b…(block|reject|refus|denied)", "AOL, Yahoo TSS09, Charter"),
    Pattern(51, r"reputation|senderscore|untrusted (host|server|ip)", "Gmail, Cisco, Trend Micro"),
    Pattern(51, r"\b(client|sending|remote|your|connecting) (host|ip|server|network|mail ?server|mta|ip address|address range|system)\b…(block|banned|reject|denied|not allowed|refused|not permitted|dynamic)", "Postfix"),
    Pattern(51, r"(banned|blocked|rejected|denied|refused|dynamic|residential|dial-?up|bad|blocking)( \w+)? (ip|sender\[)\b|\bip (address )?(is |was |has been )?(block|banned|reject|denied)|\bip=", "Exchange Online 5.7.606, T-Online"),
    Pattern(51, r"banned sender|traffic not accepted from this|(mail|messages?|connections?) from (this |your )?(ip|network|host|server|mta)…(not|block|reject|refus|denied|temporarily deferred due to (unexpected volume or )?user)", "Exchange Online 5.7.511/708"),
    Pattern(51, r"\bptr\b|reverse[- ](dns|host|name|lookup|mapping|resol|address|ip)|\brdns\b|cannot find your|no reverse|dynamic(ally)? (ip|address|assigned|pool|range)", "Postfix, Gmail 5.7.25, GMX"),
    Pattern(51, r"spam(ming)? (source|sender|server|host|originat|relay|traffic|from|network)|source of (spam|unsolicited)|(send|sent|sending|sends) (\w+ )?spam|spammers?\b", "AOL, various"),
    Pattern(51, r"(user|customer|spam|recipient|too many|many|abuse) complaints?|complaints? (from|about)", "Yahoo TSS"),
    Pattern(51, r"(?<![a-z])ip(?![a-z])[^。]{0,20}(黑名单|信誉|信譽|被拒)|(发信|发送|發信)(方)?(服务器|伺服器)[^。]{0,12}(黑名单|信誉)", "zh: QQ, NetEase"),
    # --- 50: authentication, rate, the sender's address: ours to repair, never the recipient's fault
    Pattern(50, r"\bdmarc\b|\bspf\b|\bdkim\b|domainkeys|unauthenticated|not authenticated|sender policy framework|(fail|pass)\w* authentication|authentication (check|fail|information|result)|requires? (all )?senders to authenticate", "RFC 7372, Gmail 5.7.26"),
    Pattern(50, r"rate[- ]?limit|rate control|throttl|too many ((concurrent|simultaneous|smtp|open|parallel) ){0,3}(connection|message|recipient|e-?mail|session|error|invalid|unknown|mail|rcpt|sender)(?! in\b)(?!s? on the server)s?|at a rate that|unusual rate|too (fast|frequent|quickly|many too fast)|sending frequency|frequency (limit|limited)|slow down|unexpected volume|excessive", "Gmail 4.2.1/4.7.28, Yahoo TSS"),
    Pattern(50, r"(connection|message|sending|send|hourly|daily|delivery|outbound|session|recipient)s? (rate|limit|quota|limits)…(exceed|reach|hit)|(exceed|reach)\w* (\S+ ){0,4}(rate|connection|message|recipient|sending|hourly|daily)s? (limit|quota|per)|(concurrent|simultaneous|max\w*( number of)?) (connection|recipient|session)", "Outlook RP-001, Exim"),
    Pattern(50, r"gr[ea]y ?-?list|postgrey|liste grise|try again (in|after) \d+ ?(s|m)|グレイ?リスト", "Postgrey, RFC 6647"),
    Pattern(50, r"\bsender'?s?( e-?mail)?( address| domain| host| mailbox| email)?( is| was| has been| could| can)?( not)?( be)?:? (reject|denied|refused|(not )?verif|unverif|callout|invalid|unknown|must|does not|doesn't|could not|cannot|can't|not (found|exist|accept|allow|valid|resolv|permit|authori)|block|undeliver|non-?exist|fail)\w*(?! by (the |this )?(recipient|user|addressee))", "Postfix, Exim verify=sender"),
    Pattern(50, r"(invalid|bad|unknown|unverified|unresolv\w+|forged|fake|spoof\w*|malformed|unacceptable|illegal|outbound|verify|non-?existent) (envelope )?(outbound )?(sender|return[- ]path|mail from|from address|from header)", "Exim, Exchange 5.1.8"),
    Pattern(50, r"domain of (the )?sender|domain name required|\bsender has no\b|bounce attack|from your (country|region)|not accept (bounces|null)|domain in (the )?from\b|(sender|sending) domain…(lacks|has no|without)|(envelope[- ]?(from|sender)|return[- ]?(path|address)|\bfrom (address|domain|header|field))…(reject|invalid|not|denied|unresolv|fail|block|does|must|null mx|refused)|\bsender…null ?mx|spoof|to send as this sender", "sendmail 5.1.8, RFC 7505"),
    Pattern(50, r"\b(helo|ehlo)\b…(reject|invalid|denied|not |fully|must|mismatch|need|bad)", "Postfix"),
    Pattern(50, r"resolver rst (auth|notauth|sendernot|group)|(distribution|mailing)[- ]list…(closed|member|only|restrict|moderat|not allow)|(only|not)…(members?|subscribers?) (may|can|are|of)|not a (list )?(member|subscriber)|accepts? (only )?(posts?|messages|mails?) from (members|subscribers)|list (is )?(closed|moderated)|non-?members?", "Exchange groups, Mailman"),
    Pattern(50, r"(发件人|寄件者|发信人)[^。]{0,20}(不存在|无效|拒绝|黑名单|认证|验证)|频率|频繁|(отправител)[^.]{0,30}(не существует|отклонен)", "zh: QQ; ru"),
    Pattern(22, r"(max\w*|allowed) mailbox|mailbox size", "before 23: it is not the message that is too large"),
    # --- 23: size of this message
    Pattern(23, r"\b((e-?)?mail|message|file|attachment|body|content|header|msg|nachricht|courriel)s?( size| length|grosse)?( is| was| are| ist| est|:)? ?(too|zu|trop) (big|large|long|gross|volumineux|lourd)", "Postfix, Exchange RecipSizeLimit"),
    Pattern(23, r"\b((e-?)?mail|message|file|attachment|msg|data|its) ?(size|length)?( \S+){0,3}? (exceed\w*|over|larger than|bigger than|greater than)…(size|limit|max|length|allow|permit|bytes|[mk]b\b)", "RFC 1870"),
    Pattern(23, r"(max\w*|allowed|permitted) (message|mail|e-?mail|file|attachment|data) (size|length)|(message|mail) (size|length) (limit|exceed|restrict)|exceed\w* (the )?(fixed |server )?(max\w* )?(message|mail) size|resolver rst recipsizelimit|class=size|メールの?サイズ|サイズ[^。]{0,12}制限を超|taille (maximale|du message)", "Postfix 5.3.4, Exim"),
    # --- 22: room in the mailbox
    Pattern(22, r"quota|\b(over|exceed\w*|out of|insufficient|not enough|no|low on|lack of)\b( \S{1,12}){0,4}? (storage|disk ?space|space|allocation|mailbox size|room)\b", "RFC 3463 x.2.2"),
    Pattern(22, r"\b((mail|in) ?box|user|recipient|account|mail ?(folder|drop|dir)|message ?store|destination|disk|storage|boite( \w+)?( \w+)?|postfach|postvak|casella|casilla|buzon|bandeja de entrada|caixa)'?s?\b…(\bfull\b|pleine?\b|\bvoll\b|uberfullt|\bvol\b|piena|lleno|cheia|llena|overflow)", "Exim, Dovecot; fr, de, nl, it, es, pt"),
    Pattern(22, r"(mail ?box|storage|disk|space|inbox|folder) (size )?(limit|exceed|allocation|is over|over|has exceed)|over ?drawn|too many (messages|mails) (in|on the server)|zu ?viele (e-?)?mails auf|(mailbox|account) (is )?(currently )?(over|exceed|too large)|storage exceed|(space|storage)…used up|not sufficient( \w+)? space|exhausted( \w+){0,3} (storage|space|quota)|no space|\bfull (mail|in)box|too much (mail|message)( data)? (stored|in|for)|(not|n't) (have|has|having) enough( \w+){0,2} (space|storage|room)|(space|storage|room) (is )?not enough", "Exchange, Cyrus"),
    Pattern(22, r"speicherplatz|kontingent|espace (disque |de stockage )?(insuffisant|sature)|容量(が|を|の)?…(超|オーバー|不足|いっぱい|一杯)|(いっぱい|一杯|満杯)|空き容量", "de, fr, ja"),
    Pattern(22, r"(메일함|편지함|용량)[^.]{0,20}(초과|가득|부족|찼)|(skrzynk)[^.]{0,40}(pełn|przepełn)|(postlada|brevlada|inkorg|postboks|indbakke)[^.]{0,40}\bfull|posta kutusu[^.]{0,20}dolu", "ko, pl, sv, no, da, tr"),
    Pattern(22, r"(邮箱|郵箱|信箱|空间|空間|容量)[^。]{0,20}(已满|已滿|满了|不足|超限|超出|超过)|(ящик|почта)[^.]{0,30}(переполнен|заполнен)|квот\w* (превышен|исчерпан)", "zh: QQ, NetEase; ru"),
    # --- 10: no such recipient
    Pattern(10, r"\bnull ?-?mx\b|domain\b…does not accept (any )?(e-?)?mail\b(?! from)|indicated no smtp service", "RFC 7505: declared by its own domain"),
    Pattern(10, r"\b(no such|no|unknown|invalid|non-?exist\w*|bad|inactive|disabled|unrecogni[sz]ed|undeliverable|inexistent|wrong|incorrect|illegal|suspended|deleted|obsolete|missing|closed)( local| virtual| such| e-?mail| mail| destination| target| final delivery)? (user|recipient|rcpt|mail ?box|account|add?ress|alias|addressee|person|customer|login|user ?id|local[- ]?part)(?! (record|not listed))", "sendmail, Exchange, Yahoo"),
    Pattern(10, _USER + r"…" + _NO_HOST + _GONE, "RFC 5321 4.2.3, Gmail, Yahoo, Domino"),
    Pattern(10, r"(doesn't|does not|don't) have (an? )?(\S+ )?(account|mailbox|address)|never logged (on|in)|\b(account|mailbox|e-?mail address) (is |was |has been )?(temporarily )?blocked|resolver adr|recipi?(ent)?notfound|not our customer|no mailbox here|not an? (valid|local|known|active|existing|registered) (user|mailbox|recipient|address|account)|recipient unknown|user (is )?(un)?known to us|final (e-?mail )?delivery point|(did|does) not (exactly )?match an? (\S+ )?(e-?mail )?address", "Yahoo, Exchange, qmail, ph"),
    Pattern(10, r"\bno longer (valid|in (use|service)|exists?\b|active|works? (here|at|for)|employed|with (us|the company))|\b(user|account|mailbox|recipient|boite( du destinataire)?) (is )?(inactive|suspended|disabled|closed|expired|deactivated|locked|deleted|suspend)\b|has been replaced by|(has|have) (moved|changed) (to|address|(his|her|their|its|my) )|several matches|(user ?)?name not unique|(?<!recipient )(?<!sender )(?<!client )(?<!host )(?<!ip )\baddress rejected\W*$", "Domino, Cisco 5.1.0, RFC 3463 x.1.6"),
    Pattern(10, r"recipient address(es)? (was |were |is )?(rejected|refused)( ?: ?(access denied|undeliverable|unverified|invalid|not found|no such|bad|need fully)|\W*$)|addressee unknown|mailbox (unavailable|not available|not found|disabled)|no one by that name|user not local|(not|un)listed in( the)? (domino|directory|public name)|not in (the )?(directory|address book)", "Exchange Online 5.4.1, Postfix, Domino"),
    Pattern(10, r"(utilisateur|destinataire|adresse|compte|boite|abonne)…(inconnue?|invalide|introuvable|inexistante?|n'existe|desactivee?|suspendue?|ferme|resilie|clos)|(inconnue?|invalide) (a|sur) cette", "fr: Orange OFR_416, La Poste, SFR"),
    Pattern(10, r"(empfa?e?nger|benutzer|adress(e|at)|postfach|konto|teilnehmer|kunde)(in|adresse|konto)?\b…(unbekannt|existiert nicht|nicht (gefunden|vorhanden|bekannt|zustellbar|existent|verfugbar)|ungultig|gesperrt|deaktiviert|geloscht|aufgelost)|unbekannter (benutzer|empfanger|nutzer)", "de: GMX, web.de, T-Online"),
    Pattern(10, r"(ユーザー?|宛先|アドレス|受信者|あて先|アカウント|メールボックス)((?!ドメイン|ホスト)[^。]){0,40}(見つか|存在し|不明|いません|無効|ありません|間違|正しくありません|使われて|解約|停止)|宛先不明|不明な(宛先|ユーザ)", "ja: docomo, KDDI, Yahoo! JAPAN"),
    Pattern(10, r"(usuario|cuenta|direccion|buzon|casilla|destinatario)(\s\S{1,40}){0,6}? (desconocid[oa]|no existe|inexistente|invalid[oa]|no valid[oa]|no encontrad[oa]|deshabilitad[oa]|suspendid[oa])|destinatario (desconocido|sconosciuto|inesistente|inexistente|desconhecido)|utente (sconosciuto|inesistente)|(gebruiker|ontvanger|adres)…(onbekend|bestaat niet)|(usuario|utilizador|conta|endereco)(\s\S{1,40}){0,6}? (desconhecid[oa]|nao existe|nao encontrad[oa]|desativad[oa])|(utente|casella|indirizzo|account)(\s\S{1,40}){0,6}? (inesistente|sconosciut[oa]|non (esiste|valid[oa]|trovat[oa])|disabilitat[oa])", "es, it, nl, pt"),
    Pattern(10, r"(停止|解約|無効|削除)[^。]{0,12}(アカウント|アドレス|ユーザ)|登録されて(い|お)(ない|ません|りません)|(메일 ?주소|수신자|받는 ?사람|사용자|계정)[^.]{0,30}(존재하지|없|잘못|유효하지)", "ja, ko"),
    Pattern(10, r"(odbiorc|adresat|uzytkownik|skrzynk|adres|konto)[^.]{0,40}(nie istnieje|nieznan|nie znaleziono|zablokowan)|(mottagar|mottaker|modtager|adress|vastaanottaj)[^.]{0,40}(okan[dt]|ukjent|ukendt|finns inte|finnes ikke|findes ikke|tuntematon|ei loydy)|(kullanıcı|alıcı)[^.]{0,30}bulunamadı", "pl, sv, no, da, fi, tr"),
    Pattern(10, r"(收件人|收件者|用户|使用者|邮箱|信箱|帐号|账号|账户|帳號|(?<!ip)地址)[^。]{0,40}(不存在|无效|無效|有误|错误|停用|禁用|注销|找不到|未找到)|(无效|不存在|未知)的?(收件人|用户|邮箱|地址)", "zh: QQ, NetEase, Sina"),
    Pattern(10, r"(пользовател|получател|адресат|ящик|адрес|учетн)[^.]{0,40}(не существует|не наиден|неизвест|заблокирован|отключен|удален)|(нет такого|неизвестн\w+) (пользовател|адресат|получател)", "ru: without the marks of й and ё"),
    # --- 40: mail routing of the recipient's own domain turns in a circle
    Pattern(40, r"loops? back to|mail (for \S* ?)?loops back|best-preference mx|control/locals|points? to (local ?host|itself)|config error: mail loops", "Postfix, qmail, Exim, sendmail"),
    # --- 40: what two servers could not agree on
    Pattern(40, r"(starttls|\btls|\bssl)\b…(was |but )?(not (offered|supported|available)|handshake|negotiat\w+ fail|fail)|(not|n't) (support|offer)\w* (starttls|tls)|content conversion|cat invalidcontent|\b(8|eight)[- ]?bit ?(mime|data|characters?)", "Postfix, Exchange"),
    # --- 21: the domain can't be found
    Pattern(21, r"name or service not known|\bno mxs? found|no (valid )?route (found )?to (the )?(domain|remote mx)|(unable|failed) to resolve|(could not|couldn't|cannot|can't|did not|not) (be )?resolved?\b|servfail|\bno (valid |usable |such )?(mx|aaaa?|a|dns|mail exchange|address)( or \w+| host)?( resource)?( record|s\b|host|$)|\bmx records?\b…(non-?exist|invalid|not|no )|no mail ?(hosts|server|exchanger)s?", "Postfix, Exim, Exchange 5.4.310"),
    Pattern(21, r"\b(host|hostname|domain|site|name ?server|mail ?server|domaine|hote|domane|mx)( name)?s?\b…(not (be )?found|unknown|(does not|doesn't|doesnt) (exist|resolve)|couldn't be|could not be (found|resolved)|lookup|look-up|unresolv|not resolv|cannot be resolved|can't be resolved|non-?exist|no such|inconnue?|introuvable|n'existe|unbekannt|existiert nicht|invalid|not valid)", "sendmail, Gmail; fr, de"),
    Pattern(21, r"(unknown|no such|invalid|non-?existent|unresolv\w+|illegal|bad|unbekannte) (mail |e-?mail |destination |recipient |mx |dns |system )?(host|domain|domane|mx)|unr?outeable|unroutable|bad destination (system|host)|find (any host|a gateway)", "Exim, qmail, sendmail"),
    Pattern(21, r"\b(dns|mx|cname|name|domain|address|host) ?-?(server )?(look-?up|query|quer|resolution|resolver|error|failure|problem|timeout)|dns…(fail|error|problem)|ドメイン[^。]{0,30}(見つか|存在)|ホスト[^。]{0,30}見つか", "qmail, Exchange 5.4.312; ja"),
    # --- 24: time is up
    Pattern(24, r"timed?[- ]?out|time ?-?out\b|\bexpired?\b|(could|can) ?not be delivered (for|in|within|after)|(not|un)…delivered…(for|after|within|in) \d+ (hour|day|minute)|undeliver\w+ (for|after) \d|not been collected after|(aborted|failed|delivered|queued?)…(after |more than )?\d+(\.\d)? (hour|day|attempt)", "Exim, Exchange QUEUE.Expired"),
    Pattern(24, r"(queue|retry|delivery) (life ?time|time|period|timeout)…(exceed|expir|reach|long)|\btoo old\b|too long in (the |our )?queue|in (the |our )?queue (for )?too long|unreachable for too long|failing for a long time|for too many days|in the time limit|failed \d+ attempts|been in the queue for|retry time not reached|max\w* (retr\w+|queue|age|lifetime|delivery attempts)|zeituberschreitung|delai (depasse|expire)|タイムアウト|再送[^。]{0,20}(試み|期限|回数)|(配送|保存|送信)期限", "Exim, qmail"),
    # --- 15: this person wants nothing from us (narrow on purpose: it is Hard)
    Pattern(15, r"\b(recipient|user|addressee|mailbox owner) (has )?(refused|blocked|rejected|blacklisted|declined|opted out of)( (to accept|all|your|any|this|the))? (e-?mails?|mails?|messages?|you\b|this sender|sender|address)|(recipient|user|addressee)'s personal (black|block|deny) ?list|(recipient|user|addressee) has (chosen|asked|elected) not to (receive|get|accept)|(do(es)? not|don't|doesn't) (want|wish)…(mails?|messages?|hear) ?…from (you|this|the sender|your)", "SparkPost 15"),
    Pattern(15, r"\b(user|recipient|mailbox|addressee|person)\b…only accepts?|not (in|on) (my|the recipient's|his|her|their|the user's|recipient) (allow|white|safe|accept|approv|permit)\w*[- ]?(list|sender)s?|\b(they|recipients?|he|she) (is|are) not accepting (e-?)?mails? from|(sender|you|address)…(block|refus|reject|blacklist)\w* by (the |this )?(recipient|user|addressee)(?!'s (mta|mail ?server|server|mail ?system|system|organi|domain|spam|filter|provider|admin|host))", "Outlook, Gmail contacts"),
    Pattern(15, r"受信拒否|destinataire (a )?(refuse|bloque) (vos|votre|les|cet)|empfanger (lehnt|verweigert|blockiert|hat)…(ab|blockiert|nachrichten|annahme|gesperrt)", "ja: docomo; fr, de"),
    Pattern(15, r"(收件人|对方|用户)[^。]{0,12}(拒收|黑名单)", "zh"),
    # --- 20: the recipient's own system is in trouble
    Pattern(20, r"\bmailer error|local delivery failed|error writing message|procmail|maildrop|maildir|(cannot|could not|couldn't|can't) (update|open|create|lock|write)\b|no such file|/bin/\w*sh\b|command (failed|output)|\bread error|(could not|cannot|can't) be (stored|saved)|mail ?store\b", "sendmail, Exim, Courier, Postfix"),
    # --- 60: answers of absent people
    Pattern(60, r"out of (the )?office|auto(matic|mated)?[- ]?(reply|response|respond|answer)|\b(on )?vacation\b|abwesenheit|absence du bureau|reponse automatique|自動返信|不在", "RFC 3834"),
    Pattern(10, r"\bno valid recipients? (were found )?for th", "Verizon, SurgeMail; after DATA alone it is a protocol error"),
    # --- 50: refused without a reason
    Pattern(50, r"access denied|polic(y|ies)|not accepting (e-?)?mail|(?<!connection )(?<!connections )(?<!temporarily )(\brefused|\brejected)|not accepted|\bblocked|forbidden|not allowed|not permitted|prohibit|unauthori[sz]ed|not authori[sz]ed|\bdenied|\bbanned|restrict|unacceptable|security reason|permission", "various"),
    Pattern(50, r"\brefuse\b|rejete|abgelehnt|verweigert|zuruckgewiesen|nicht angenommen|rechazado|rifiutat|geweigerd|recusad|拒否|拒绝", "fr, de, es, it, nl, pt, ja, zh"),
    # --- 20: later, perhaps
    Pattern(20, r"connections? …(refused|reset|lost|closed|dropped|failed|died|aborted)|lost connection|(not|n't) respond|no answer|command died|(closing|closed|dropped|broken) (the )?(connection|transmission|channel)|(could not|couldn't|unable to|can't|cannot|failed to|wasn't able to|did not accept)…connect|no route|network (is )?unreachable|network error|(unable|failed) to contact|host (is )?(down|unreachable)|not (be )?reach(?! (the following|some or all))", "Postfix, qmail, RFC 5321 421"),
    Pattern(20, r"(service|host|server) (is )?(temporarily |currently |not )?(un)?available|(try|retry)( your| the)?( \w+)? ?(again|later|back)|temporar|overload|\bbusy\b|\bloop|\bhops?\b|deferred|internal (server )?error|(system|local|server|processing|configuration) (error|problem|failure|trouble|not accepting)|resources|out of memory|load average|maintenance|not ready|queue file", "RFC 5321 4.2.3"),
    Pattern(20, r"稍后|稍後|暂时|暫時|繁忙|временно|позже", "zh, ru"),
    Pattern(20, r"vorubergehend|spater (noch|erneut)|plus tard|temporairement|indisponible|momentaneamente|mas tarde|一時的|しばらく|混雑|接続(でき|に失敗|エラー|が切)", "de, fr, it, es, ja"),
)  # fmt: skip

STRONG = frozenset({(1, 1), (1, 3), (1, 6), (2, 2), (2, 3), (3, 4), (4, 7), (7, 13), (7, 17)}) | {
    (7, detail) for detail in range(20, 27)
}
"""Enhanced codes (subject, detail) that decide alone; 7.20-26: RFC 7372 and its kin."""

DOUBTED = frozenset({(1, 1), (1, 3)})
"""Strong, unless the text speaks of DOUBT: some hosts answer 5.1.1 to everything."""

DOUBT = r"message size|too many recipients|your (ip|host|server|network)\b|relay|spam|policy|policies|\bfull\b|quota|dnsbl|black ?list|block ?list|reputation"

RETRYING = 70
ENHANCED: dict[tuple[int, int], tuple[int, int, int]] = {
    **dict.fromkeys(((1, 0), (2, 0), (3, 0), (3, 3), (5, 0)), (40, 20, 20)),
    **dict.fromkeys(((1, 1), (1, 3), (1, 4), (1, 6), (2, 1), (2, 4), (7, 13), (7, 17)), (10, 20, 20)),
    **dict.fromkeys(((1, 2), (1, 10), (4, 3), (4, 4)), (21, 21, 21)),
    **dict.fromkeys(((1, 7), (1, 8), (5, 3)), (50, 20, 20)),
    **dict.fromkeys(((2, 2), (3, 1)), (22, 22, 22)),
    **dict.fromkeys(((2, 3), (3, 4), (5, 6)), (23, 23, 23)),
    **dict.fromkeys(((3, 2), (4, 0), (4, 1), (4, 2), (4, 5), (4, 6)), (20, 20, 20)),
    **dict.fromkeys(((5, 1), (5, 2), (5, 4), (5, 5)), (40, 20, 20)),
    **{(6, detail): (40, 40, 40) for detail in range(2, 10)},
    **{(7, detail): (40, 40, 40) for detail in range(4, 8)},
    **{(7, detail): (54, 54, 54) for detail in (8, 9, 10, 11, 12, 14)},
    **{(7, detail): (50, 50, 50) for detail in (2, 3, 20, 21, 22, 23, 24, 26, 27)},
    **{(7, detail): (50, 20, RETRYING) for detail in (0, 1, 15, 16, 28)},
    (3, 5): (25, 25, 25),
    (4, 7): (24, 24, 24),
    (6, 0): (52, 20, 20),
    (6, 1): (52, 52, 52),
    (7, 25): (51, 51, 51),
}
"""RFC 3463 (subject, detail) -> code of 5.x.x, of a final 4.x.x, of a 4.x.x that is tried again."""

REPLIES: dict[int, tuple[int, int]] = {
    **dict.fromkeys((421, 450, 451, 455), (20, RETRYING)),
    **dict.fromkeys((500, 501, 502, 503, 504, 550, 555), (40, 40)),
    **dict.fromkeys((530, 534, 535, 538), (54, 54)),
    **dict.fromkeys((551, 553), (10, 10)),
    452: (22, 22),
    521: (50, 50),
    541: (52, 52),
    552: (22, 22),
    554: (50, 50),
    556: (21, 21),
}
"""Reply code without an enhanced code (RFC 5321 4.2.3, RFC 4954, RFC 7504) -> code when final, when retried."""

TELLING_HOSTS: tuple[tuple[str, str], ...] = (
    (r"spamhaus|sorbs|spamcop|barracuda|uceprotect|abuseat|surbl|uribl|psbl|dnsbl|senderbase|invaluement", "dnsbl"),
    (r"ipcheck\.proofpoint|csi\.cloudmark|talosintelligence|senderscore", "dnsbl"),
    (r"boxbe|spamarrest|bluebottle", "challenge-response"),
    (r"spamsignature", "spam signature"),
    (r"^(cat|resolver|queue|routing|smtpsend|storedrv|transport|submission)\.", ""),
)  # fmt: skip
"""Host names (and dotted words of Exchange) that say something, and the word that stays of them ("" = itself)."""

CONNECTION = r"connect|connection|timed? ?-?out|time ?out|closing|unreachable|no route|respond|no answer|conversation|\bexpire"
"""Words that make an expired mail a 24: nobody ever answered properly."""
