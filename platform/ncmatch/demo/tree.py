"""Who exists in the demo. All of them are made up; the offers they sell are real (catalog/data)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Shop:
    slug: str
    name: str
    legal_name: str
    parent: str | None
    wholesale_percent: Decimal | None  # of the list price, paid to the parent
    retail_percent: Decimal  # of the list price, asked of customers
    color: str
    tagline: str
    about: str
    phone: str


def _shop(
    slug: str,
    name: str,
    parent: str | None,
    wholesale: int | None,
    retail: str,
    color: str,
    tagline: str,
) -> Shop:
    return Shop(
        slug=slug,
        name=name,
        legal_name=f"{name}（演示）有限公司",
        parent=parent,
        wholesale_percent=Decimal(wholesale) if wholesale else None,
        retail_percent=Decimal(retail),
        color=color,
        tagline=tagline,
        about=f"{name}是演示店铺。这里的产品与价格来自公开的云厂商目录，节点归属为演示指派。",
        phone="400-000-0000",
    )


SHOPS = (
    _shop("op", "算力互联", None, None, "99", "#1d4ed8", "把全国的闲置算力，送到需要它的人手里"),
    _shop("north", "北辰算力", "op", 76, "97", "#0f5fa8", "华北训练算力，按小时开通"),
    _shop("east", "东澜智算", "op", 77, "97.5", "#0f766e", "长三角推理与微调算力"),
    _shop("south", "南屿云算", "op", 78, "98", "#b45309", "大湾区渲染与推理算力"),
    _shop("harbour", "港湾算力", "north", 84, "96", "#155e75", "给中小团队的 GPU 算力"),
    _shop("meadow", "草原智算", "north", 83, "95.5", "#3f6212", "绿电训练算力"),
    _shop("delta", "三角洲算力", "east", 85, "96.5", "#6d28d9", "高校与科研算力"),
    _shop("lagoon", "湾区渲染", "south", 85, "96", "#be185d", "影视与设计渲染算力"),
    _shop("pier", "栈桥 AI", "harbour", 90, "95", "#9f1239", "大模型微调，开箱即用"),
    _shop("grove", "青林科研", "delta", 90, "95.8", "#166534", "课题组的算力管家"),
    _shop("reef", "礁石工作室", "lagoon", 90, "95.2", "#7c2d12", "独立创作者的渲染农场"),
)

COST_PERCENT = Decimal(70)  # of the list price, paid to suppliers
USD_CNY = Decimal("7.10")
USD_CNY_SOURCE = "演示用固定汇率 1 美元 = 7.10 元（假设，非实时牌价）"

PASSWORD = "ncmatch-demo-2026"  # noqa: S105  printed by the demo for everyone to see
CUSTOMER_PHONE = "+8613800000001"
ROLES = ("ADMIN", "FINANCE", "SALES", "SUPPORT")
