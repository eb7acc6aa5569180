from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, NotFound


class UnknownDelivery(NotFound):
    code = "outbox.unknown_delivery"
    sentence = _("没有找到这条事件。")


class NotDead(Conflict):
    code = "outbox.not_dead"
    sentence = _("这条事件没有停在“多次失败”，不需要重新投递。")
