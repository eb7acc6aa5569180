from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Invalid, NotFound


class FileTooLarge(Invalid):
    code = "files.too_large"
    sentence = _("文件不能超过 %(most)s MB，请压缩后再上传。")


class FileKindRefused(Invalid):
    code = "files.kind_refused"
    sentence = _("只能上传 PDF、PNG 或 JPEG 文件。")


class FileEmpty(Invalid):
    code = "files.empty"
    sentence = _("这个文件是空的，请重新选择。")


class FileNotFound(NotFound):
    code = "files.not_found"
    sentence = _("没有这个文件。")
