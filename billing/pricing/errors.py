from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict


class NoRetailPrice(Conflict):
    code = "pricing.no_retail_price"
    sentence = _("店铺还没有设置售价，暂时不能下单。请联系店铺客服。")
