"""Which vendors carry texts and calls where, and in which order: data, looked up by the longest prefix of the number.

Country calling codes: https://www.itu.int/pub/T-SP-E.164D. The orders are our own choice; an operator may edit them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where a number is, and who carries what there, first choice first. An empty order: nobody does.

    `templates` tells that only approved templates pass, and that no text there may carry a link: people acknowledge by
    a key, in chat or by mail.
    """

    name: str
    sms: tuple[str, ...]
    voice: tuple[str, ...]
    templates: bool = False

    def vendors(self, medium: str) -> tuple[str, ...]:
        """The order for `sms` or `voice`."""
        return self.sms if medium == "sms" else self.voice


PREFIX_MAX: Final = 4
"""Digits of the longest key in the table: a country inside +1 has three more."""

_GREATER_CHINA: Final = ("twilio", "aliyun", "vonage", "tencent")
_ASIA: Final = ("twilio", "vonage", "aliyun")
_WEST: Final = ("twilio", "vonage", "aws")
_CALLS: Final = ("twilio", "vonage")

_ASIAN: Final = (
    "60 Malaysia|62 Indonesia|63 Philippines|65 Singapore|66 Thailand|81 Japan|82 South Korea|84 Vietnam|855 Cambodia|"
    "856 Laos|673 Brunei|670 Timor-Leste|95 Myanmar|976 Mongolia|880 Bangladesh|91 India|92 Pakistan|93 Afghanistan|"
    "94 Sri Lanka|960 Maldives|975 Bhutan|977 Nepal|992 Tajikistan|993 Turkmenistan|996 Kyrgyzstan|998 Uzbekistan"
)
_WESTERN: Final = (
    "1 United States and Canada|1242 Bahamas|1246 Barbados|1264 Anguilla|1268 Antigua and Barbuda|"
    "1284 British Virgin Islands|1340 US Virgin Islands|1345 Cayman Islands|1441 Bermuda|1473 Grenada|"
    "1649 Turks and Caicos Islands|1658 Jamaica|1664 Montserrat|1671 Guam|1721 Sint Maarten|1758 Saint Lucia|"
    "1767 Dominica|1784 Saint Vincent|1787 Puerto Rico|1809 Dominican Republic|1829 Dominican Republic|"
    "1849 Dominican Republic|1868 Trinidad and Tobago|1869 Saint Kitts and Nevis|1876 Jamaica|1939 Puerto Rico|"
    "7 Russia and Kazakhstan|20 Egypt|27 South Africa|30 Greece|31 Netherlands|32 Belgium|33 France|34 Spain|"
    "36 Hungary|39 Italy|40 Romania|41 Switzerland|43 Austria|44 United Kingdom|45 Denmark|46 Sweden|47 Norway|"
    "48 Poland|49 Germany|51 Peru|52 Mexico|54 Argentina|55 Brazil|56 Chile|57 Colombia|58 Venezuela|61 Australia|"
    "64 New Zealand|90 Turkey|211 South Sudan|212 Morocco|213 Algeria|216 Tunisia|218 Libya|220 Gambia|221 Senegal|"
    "222 Mauritania|223 Mali|224 Guinea|225 Ivory Coast|226 Burkina Faso|227 Niger|228 Togo|229 Benin|230 Mauritius|"
    "231 Liberia|232 Sierra Leone|233 Ghana|234 Nigeria|235 Chad|236 Central African Republic|237 Cameroon|"
    "238 Cape Verde|239 Sao Tome and Principe|240 Equatorial Guinea|241 Gabon|242 Congo|243 DR Congo|244 Angola|"
    "245 Guinea-Bissau|248 Seychelles|250 Rwanda|251 Ethiopia|252 Somalia|253 Djibouti|254 Kenya|255 Tanzania|"
    "256 Uganda|257 Burundi|258 Mozambique|260 Zambia|261 Madagascar|262 Reunion and Mayotte|263 Zimbabwe|"
    "264 Namibia|265 Malawi|266 Lesotho|267 Botswana|268 Eswatini|269 Comoros|291 Eritrea|297 Aruba|298 Faroe Islands|"
    "299 Greenland|350 Gibraltar|351 Portugal|352 Luxembourg|353 Ireland|354 Iceland|355 Albania|356 Malta|357 Cyprus|"
    "358 Finland|359 Bulgaria|370 Lithuania|371 Latvia|372 Estonia|373 Moldova|374 Armenia|375 Belarus|376 Andorra|"
    "377 Monaco|378 San Marino|380 Ukraine|381 Serbia|382 Montenegro|383 Kosovo|385 Croatia|386 Slovenia|"
    "387 Bosnia and Herzegovina|389 North Macedonia|420 Czechia|421 Slovakia|423 Liechtenstein|501 Belize|"
    "502 Guatemala|503 El Salvador|504 Honduras|505 Nicaragua|506 Costa Rica|507 Panama|509 Haiti|"
    "590 Guadeloupe|591 Bolivia|592 Guyana|593 Ecuador|594 French Guiana|595 Paraguay|596 Martinique|597 Suriname|"
    "598 Uruguay|599 Curacao|675 Papua New Guinea|676 Tonga|677 Solomon Islands|678 Vanuatu|679 Fiji|680 Palau|"
    "682 Cook Islands|685 Samoa|686 Kiribati|687 New Caledonia|689 French Polynesia|691 Micronesia|"
    "692 Marshall Islands|"
    "961 Lebanon|962 Jordan|964 Iraq|965 Kuwait|966 Saudi Arabia|967 Yemen|968 Oman|970 Palestine|"
    "971 United Arab Emirates|972 Israel|973 Bahrain|974 Qatar|994 Azerbaijan|995 Georgia"
)
_CLOSED: Final = "850 North Korea|53 Cuba|98 Iran|963 Syria|249 Sudan"
"""Where none of the vendors here carries anything: better said beforehand than found out at night."""


def _listed(text: str, sms: tuple[str, ...], voice: tuple[str, ...]) -> dict[str, Region]:
    pairs = (entry.split(" ", 1) for entry in text.split("|"))
    return {code: Region(name=name, sms=sms, voice=voice) for code, name in pairs}


REGIONS: Final[Mapping[str, Region]] = {
    # Texts of the mainland pass by approved template only, and no western vendor may call there: Twilio ended calls on
    # 2023-11-30 (https://www.twilio.com/docs/voice/geo-permissions), Vonage blocks them by default.
    "86": Region(
        name="Mainland China", sms=("aliyun", "tencent", "huawei"), voice=("aliyun", "tencent"), templates=True
    ),
    "852": Region(name="Hong Kong", sms=_GREATER_CHINA, voice=_CALLS),
    "853": Region(name="Macao", sms=_GREATER_CHINA, voice=_CALLS),
    "886": Region(name="Taiwan", sms=_GREATER_CHINA, voice=_CALLS),
    **_listed(_ASIAN, _ASIA, _CALLS),
    **_listed(_WESTERN, _WEST, _CALLS),
    **_listed(_CLOSED, (), ()),
}
"""Calling code, or the longer prefix of a country inside one, to its region."""


def region_of(number: str, regions: Mapping[str, Region] = REGIONS) -> Region | None:
    """The region of an E.164 number (`+8613912345678`); None for a code that the table does not have."""
    digits = number.removeprefix("+")
    for length in range(PREFIX_MAX, 0, -1):
        if len(digits) > length and digits[:length] in regions:
            return regions[digits[:length]]
    return None
