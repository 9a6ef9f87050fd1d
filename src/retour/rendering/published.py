"""The compiled templates of published campaign versions, which never change."""

from __future__ import annotations

from retour.kept import Kept
from retour.model import CampaignVersion, ChannelKind, EmailContent, SmsContent
from retour.rendering import Compiled, TemplateProblem, compile_email, compile_sms

MOST = 1_000  # versions; some 50 kB each
WITHOUT_PROFILES = {"profile": "High throughput mode has no profiles: send it as context."}


class Templates:
    """Compiles at first use."""

    def __init__(self) -> None:
        self._compiled: Kept[Compiled] = Kept(MOST)

    def of(self, version: CampaignVersion) -> Compiled:
        """Of a version. Its templates were checked when it was published, so a problem is a bug (ValueError)."""
        kept = self._compiled.get(version.id)
        if kept is not None:
            return kept
        made = compile_content(version.channel, version.email, version.sms)
        if not isinstance(made, Compiled):
            raise ValueError(f"the templates of version {version.id} do not compile")
        return self._compiled.keep(version.id, made)


def compile_content(
    channel: ChannelKind, email: EmailContent | None, sms: SmsContent | None, *, high_throughput: bool = False
) -> Compiled | tuple[TemplateProblem, ...]:
    """The templates of a campaign, or what is wrong with them. In high throughput mode there are no profiles."""
    if channel is ChannelKind.EMAIL:
        return compile_email(email or EmailContent(subject=""), WITHOUT_PROFILES if high_throughput else None)
    return compile_sms(sms or SmsContent(text=""))
