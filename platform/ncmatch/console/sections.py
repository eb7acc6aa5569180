from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shared_apps.identity.access import Operator
from shared_apps.identity.enums import Role
from tenant_apps.backoffice.sections import Section

_GROUP = _("平台运营")

SUPPLIERS = Section(
    "console:suppliers",
    pgettext_lazy("many", "供应商"),
    "building-factory-2",
    _GROUP,
    Operator(Role.MANAGER),
)
CATALOGUE = Section("console:catalogue", _("产品目录"), "cpu", _GROUP, Operator(Role.MANAGER))
DISTRIBUTORS = Section(
    "console:distributors", _("分销商树"), "hierarchy-2", _GROUP, Operator(Role.MANAGER)
)
BACKLOG = Section(
    "console:bookings", _("入账进度"), "checklist", _GROUP, Operator(Role.MANAGER, Role.FINANCE)
)
OUTBOX = Section("console:outbox", _("事件投递"), "send", _GROUP, Operator(Role.MANAGER))

SECTIONS = (SUPPLIERS, CATALOGUE, DISTRIBUTORS, BACKLOG, OUTBOX)

COSTS = Operator(Role.MANAGER, Role.FINANCE)
RETRY = Operator(Role.ADMIN)
PERMIT_REFUND = Operator(Role.FINANCE)
