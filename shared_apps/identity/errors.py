from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class BadPhone(Invalid):
    code = "identity.bad_phone"
    sentence = _("请填写 11 位中国大陆手机号，如 13800138000。")


class BadEmail(Invalid):
    code = "identity.bad_email"
    sentence = _("邮箱地址格式不正确，请检查。")


class ContactMissing(Invalid):
    code = "identity.contact_missing"
    sentence = _("请至少填写手机号或邮箱。")


class ContactTaken(Conflict):
    code = "identity.contact_taken"
    sentence = _("这个手机号或邮箱已被使用。")


class WeakPassword(Invalid):
    code = "identity.weak_password"
    sentence = _("%(reasons)s")


class RolesMissing(Invalid):
    code = "identity.roles_missing"
    sentence = _("员工至少要有一个角色。")


class NotStaff(Conflict):
    code = "identity.not_staff"
    sentence = _("客户账号没有角色，只有员工可以设置。")


class LastAdministrator(Conflict):
    code = "identity.last_administrator"
    sentence = _("这是最后一位管理员，请先指定另一位管理员。")


class UnknownUser(NotFound):
    code = "identity.unknown_user"
    sentence = _("没有找到这位用户。")


class UnknownToken(NotFound):
    code = "identity.unknown_token"
    sentence = _("没有找到这个访问令牌。")


class TooManyTokens(Conflict):
    code = "identity.too_many_tokens"
    sentence = _("有效的访问令牌最多 %(most)s 个，请先停用不再使用的。")


class TokenMakesNoToken(Forbidden):
    """Else whoever found a token could keep a way in after it was revoked."""

    code = "identity.token_makes_no_token"
    sentence = _("令牌不能用来创建新的令牌，请登录网站后在“我的账户”中创建。")
