"""Recognize programs by their user agent. Scanners that imitate browsers are recognized by their speed instead."""

import re

# Programs that the list of crawlers does not have: HTTP libraries, and scanners of incoming mail.
_PROGRAMS = re.compile(
    r"^(-$|(dart|deno|faraday|fasthttp|hackney|http\.rb|java|lua-resty-http|node|php|postmanruntime|reqwest|restsharp|ruby"
    r"|typhoeus|undici|urllib3|winhttp)\b)|guzzle|http-?client|barracuda|mimecast|proofpoint|scanner|symantec|zscaler",
    re.IGNORECASE,
)
# Mail providers load the images of a message through these when a person opens it.
_IMAGE_PROXIES = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)


def is_program(user_agent: str) -> bool:
    """Whether this is the user agent of a program. A person's browser always sends one."""
    # Imported at the first open or click, because it compiles hundreds of patterns.
    from crawleruseragents import is_crawler

    if _IMAGE_PROXIES.search(user_agent):
        return False
    return not user_agent.strip() or bool(_PROGRAMS.search(user_agent)) or is_crawler(user_agent)
