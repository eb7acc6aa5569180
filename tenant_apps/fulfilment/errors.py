from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, NotFound


class ResourceNotFound(NotFound):
    code = "resource.not_found"
    sentence = _("没有找到这个资源。")


class ResourceNotRunning(Conflict):
    code = "resource.not_running"
    sentence = _("资源当前为“%(state)s”，没有可用的访问方式。")
