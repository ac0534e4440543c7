"""How tokens of known issuers are written: by their prefix and length nothing else is, so they need no name beside."""

from __future__ import annotations

FORMS = (
    r"sk-(?:proj-|ant-|live-)?[\w\-]{20,}|[sr]k_(?:live|test)_\w{16,}|whsec_\w{24,}|gh[pousr]_\w{30,}|"
    r"github_pat_\w{30,}|gl(?:pat|ptt|rt|dt)-[\w\-]{20,}|GR1348941[\w\-]{20,}|(?:AKIA|ASIA)[A-Z0-9]{16}|"
    r"xox[abeoprs]-[\w\-]{10,}|xapp-[\w\-]{20,}|dapi[0-9a-f]{32}(?:-\d)?|AIza[\w\-]{35}|GOCSPX-[\w\-]{28}|"
    r"SG\.[\w\-]{16,}\.[\w\-]{32,}|SK[0-9a-f]{32}|key-[0-9a-f]{32}|npm_\w{36}|pypi-[\w\-]{40,}|hf_[A-Za-z]{30,}|"
    r"ya29\.[\w\-]{30,}|dckr_(?:pat|oat)_[\w\-]{27,}|\d{8,10}:AA[\w\-]{33}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|"
    r"do[op]_v1_[0-9a-f]{64}|hv[sb]\.[\w\-]{24,}|\w{14}\.atlasv1\.[\w\-]{60,}|sq0[a-z]{3}-[\w\-]{22,}|"
    r"NRAK-[A-Z0-9]{27}|lin_api_\w{40}|gl(?:sa|c)_\w{32,}|AGE-SECRET-KEY-1[0-9A-Z]{58}|\w{3}\dQ~[\w\-.~]{31,34}|"
    r"eyJ[\w\-]{8,}\.eyJ[\w\-]{8,}\.[\w\-]{16,}"
)
"""Tokens, to be looked for between characters that belong to no word."""
HOOKS = (
    r"https://(?:hooks\.slack\.com/(?:services|workflows)|discord(?:app)?\.com/api/webhooks|"
    r"[\w.\-]+\.webhook\.office\.com/webhookb2)/[^\s\"'<>]{20,}"
)
"""Addresses that are a secret themselves: whoever knows one may post."""
MARKS = (
    *(
        "sk-",
        "sk_",
        "rk_",
        "whsec_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "glptt-",
        "glrt-",
    ),
    *("gldt-", "gr1348941", "akia", "asia", "xox", "xapp-", "dapi", "aiza", "gocspx-", "sg.", "key-", "npm_", "pypi-"),
    *("hf_", "ya29.", "dckr_", ":aa", "shpat_", "shpca_", "shppa_", "shpss_", "_v1_", "hvs.", "hvb.", "atlasv1", "sq0"),
    *("nrak-", "lin_api_", "glsa_", "glc_", "q~", "eyj", "webhook", "hooks.slack"),
    *(f"sk{digit}" for digit in "0123456789abcdef"),
)
"""One of these stands in every token and address, in lower case."""
