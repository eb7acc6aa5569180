"""The eight national computing hubs (全国一体化算力网络国家枢纽节点) and their ten clusters.

Named in the approvals of the National Development and Reform Commission of May 2021 to February
2022. A coordinate is where a map writes the hub's name: the cluster's starting area, or the middle
of two clusters; it is no address.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop as named


@dataclass(frozen=True, slots=True)
class HubFacts:
    code: str
    name: str
    provinces: tuple[str, ...]
    clusters: tuple[str, ...]
    longitude: Decimal
    latitude: Decimal
    pinyin: str


HUBS: tuple[HubFacts, ...] = (
    HubFacts(
        "jingjinji",
        named("京津冀枢纽"),
        ("北京", "天津", "河北"),
        ("张家口集群",),
        Decimal("115.52"),
        Decimal("40.41"),
        "jingjinji zhangjiakou",
    ),
    HubFacts(
        "changsanjiao",
        named("长三角枢纽"),
        ("上海", "江苏", "浙江", "安徽"),
        ("长三角生态绿色一体化发展示范区集群", "芜湖集群"),
        Decimal("119.75"),
        Decimal("31.22"),
        "changsanjiao wuhu",
    ),
    HubFacts(
        "yuegangao",
        named("粤港澳大湾区枢纽"),
        ("广东",),
        ("韶关集群",),
        Decimal("113.60"),
        Decimal("24.81"),
        "yuegangaodawanqu shaoguan",
    ),
    HubFacts(
        "chengyu",
        named("成渝枢纽"),
        ("四川", "重庆"),
        ("天府集群", "重庆集群"),
        Decimal("105.31"),
        Decimal("30.12"),
        "chengyu tianfu chongqing",
    ),
    HubFacts(
        "neimenggu",
        named("内蒙古枢纽"),
        ("内蒙古",),
        ("和林格尔集群",),
        Decimal("111.82"),
        Decimal("40.38"),
        "neimenggu helingeer",
    ),
    HubFacts(
        "guizhou",
        named("贵州枢纽"),
        ("贵州",),
        ("贵安集群",),
        Decimal("106.48"),
        Decimal("26.43"),
        "guizhou guian",
    ),
    HubFacts(
        "gansu",
        named("甘肃枢纽"),
        ("甘肃",),
        ("庆阳集群",),
        Decimal("107.64"),
        Decimal("35.71"),
        "gansu qingyang",
    ),
    HubFacts(
        "ningxia",
        named("宁夏枢纽"),
        ("宁夏",),
        ("中卫集群",),
        Decimal("105.19"),
        Decimal("37.51"),
        "ningxia zhongwei",
    ),
)
