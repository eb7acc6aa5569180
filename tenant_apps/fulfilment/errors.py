from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, NotFound


class ResourceNotFound(NotFound):
    code = "resource.not_found"
    sentence = _("没有找到这个资源。")


class NotRenewable(Conflict):
    code = "resource.not_renewable"
    sentence = _("只有包月购买的资源可以设置自动续费。")


class ResourceNotRunning(Conflict):
    code = "resource.not_running"
    sentence = _("资源当前为“%(state)s”，没有可用的访问方式。")
