"""What spam filters and people take for spam, by language: phrases folded to small letters, matched as whole words.

Chosen from the public rule sets' habits (SpamAssassin's phrase rules) and what inbox providers advise against; short
on purpose: a word that honest offers need ("free of charge", "kostenlos") is not in it.
"""

PHRASES: dict[str, tuple[str, ...]] = {
    "en": ("act now", "buy now", "order now", "100% free", "free!!!", "totally free", "risk free", "risk-free",
           "no risk", "you have been selected", "you are a winner", "you won", "congratulations", "cash bonus",
           "double your", "earn money", "extra income", "guaranteed income", "limited time", "last chance",
           "once in a lifetime", "no strings attached", "no catch", "this is not spam", "urgent", "click below",
           "dear friend", "incredible deal", "lowest price", "special promotion", "what are you waiting for"),
    "de": ("jetzt zuschlagen", "jetzt kaufen", "100% kostenlos", "100 % kostenlos", "gratis!!!", "sie haben gewonnen",
           "herzlichen glückwunsch", "letzte chance", "nur noch heute", "kein risiko", "ohne risiko", "geld verdienen",
           "schnell reich", "einmalige gelegenheit", "garantierter gewinn", "dringend", "kein spam", "tiefstpreis",
           "hier klicken"),
    "fr": ("agissez maintenant", "achetez maintenant", "100% gratuit", "100 % gratuit", "gratuit !!!",
           "vous avez gagné", "félicitations", "dernière chance", "sans risque", "gagnez de l'argent",
           "gagnez de l’argent", "offre unique", "revenu garanti", "urgent", "ceci n'est pas un spam",
           "cliquez ici", "prix cassés"),
    "ja": ("今すぐ購入", "完全無料", "当選しました", "当選のお知らせ", "おめでとうございます", "必ず儲かる", "副収入",
           "最後のチャンス", "絶対に損", "緊急のお知らせ", "今だけ無料", "激安"),
    "ar": ("اشتر الآن", "مجاني 100%", "مجاناً 100%", "لقد ربحت", "مبروك", "تهانينا", "فرصة أخيرة", "الفرصة الأخيرة",
           "بدون مخاطرة", "اربح المال", "دخل مضمون", "عاجل", "انقر هنا"),
    "es": ("compre ahora", "100% gratis", "ha ganado", "felicidades", "última oportunidad", "sin riesgo",
           "gane dinero", "ingresos garantizados", "urgente", "haga clic aquí", "oferta única"),
    "it": ("acquista ora", "100% gratis", "hai vinto", "congratulazioni", "ultima occasione", "senza rischi",
           "guadagna denaro", "guadagno garantito", "urgente", "clicca qui"),
    "pt": ("compre agora", "100% grátis", "você ganhou", "parabéns", "última chance", "sem risco", "ganhe dinheiro",
           "renda garantida", "urgente", "clique aqui"),
    "nl": ("koop nu", "100% gratis", "u heeft gewonnen", "gefeliciteerd", "laatste kans", "zonder risico",
           "geld verdienen", "dringend", "klik hier"),
    "zh": ("立即购买", "完全免费", "恭喜您", "您已中奖", "最后机会", "零风险", "稳赚", "紧急通知"),
}  # fmt: skip

REPLY_PREFIXES = (
    "re", "fw", "fwd", "aw", "wg", "antw", "tr", "réf", "rif", "rv", "res", "enc", "sv", "vs", "vl", "vb", "odp", "pd",
    "ynt", "ilt", "回复", "答复", "转发", "回覆", "轉寄", "返信", "転送", "رد", "إعادة توجيه", "הועבר", "השב",
)  # fmt: skip
"""How mail programs of many languages mark replies and forwards."""
