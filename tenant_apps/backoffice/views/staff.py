from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from shared_apps.audit import queries as audit
from shared_apps.identity import queries, services
from shared_apps.identity.access import access
from shared_apps.identity.enums import Role
from shared_apps.identity.errors import UnknownUser
from shared_apps.identity.models import User
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections, timeline
from tenant_apps.backoffice.cells import (
    GREEN,
    GREY,
    Link,
    Mark,
    Row,
    column,
    link_column,
    mark_column,
)
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import Empty, Filter, Listing

from .addresses import to

SECTION = sections.STAFF


@access(SECTION.policy)
class StaffList(Listing):
    section = SECTION
    title = _("员工")
    lead = _("员工按角色开放功能。请只给工作需要的角色。")
    export = "office:staff_export"
    columns = (
        link_column("name", _("称呼")),
        column("roles", _("角色")),
        column("email", _("邮箱")),
        column("phone", _("手机号")),
        mark_column("state", _("状态")),
        column("last_login", _("上次登录"), "time"),
    )
    filters = (
        Filter("q", _("称呼、邮箱")),
        Filter("role", _("全部角色"), "select", Role.choices),
    )
    empty = Empty(_("还没有员工"), _("先新增一位财务或销售，分担日常工作。"), "users-group")

    def find(self) -> QuerySet[User]:
        return queries.find_staff(
            text=self.asked.raw("q"), role=self.asked.one_of("role", Role.values)
        )

    def rows(self, found: Sequence[User]) -> list[Row]:
        return [
            {
                "name": Link(str(user), to("staff_member", user.public_id), drawer=True),
                "roles": _("、").join(str(Role(role).label) for role in user.roles),
                "email": user.email or "",
                "phone": user.masked_phone,
                "state": Mark(said("在职"), GREEN)
                if user.is_active
                else Mark(said("已停用"), GREY),
                "last_login": user.last_login,
            }
            for user in found
        ]

    def more(self) -> dict[str, str]:
        return {"actions": "backoffice/_add_staff.html"}


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("角色"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )


class StaffForm(RolesForm):
    name = forms.CharField(label=_("称呼"), max_length=60)
    email = forms.EmailField(
        label=_("邮箱"), required=False, help_text=_("用于登录，邮箱和手机号至少填一项。")
    )
    phone = forms.CharField(label=_("手机号"), max_length=20, required=False)
    password = forms.CharField(
        label=_("初始密码"),
        min_length=10,
        max_length=128,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("至少 10 位，请当面告知本人并提醒登录后修改。"),
    )
    field_order = ("name", "email", "phone", "password", "roles")


@access(SECTION.policy)
def add(request: HttpRequest) -> HttpResponse:
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = services.add_staff(
                name=data["name"],
                roles=data["roles"],
                phone=data["phone"] or None,
                email=data["email"] or None,
                password=data["password"],
            )
        except DomainError as error:
            told(form, error)
        else:
            messages.success(request, said("已新增员工“%(name)s”。") % {"name": user})
            return redirect("office:staff")
    status = 422 if form.errors else 200
    context = {"form": form, "roles": Role.choices}
    return page(request, "backoffice/staff_add.html", SECTION, context, status=status)


def _member(public_id: UUID) -> User:
    user = queries.user_by_public_id(public_id)
    if not user.is_staff_member:
        raise UnknownUser
    return user


@access(SECTION.policy)
def member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = _member(public_id)
    context = {
        "member": user,
        "roles": Role.choices,
        "events": timeline.events(audit.histories([user])[:50]),
        "is_me": user.pk == request.user.pk,
    }
    return page(request, "backoffice/staff_member.html", SECTION, context)


@require_POST
@access(SECTION.policy)
def change_roles(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = _member(public_id)
    form = RolesForm(request.POST)
    if not form.is_valid():
        messages.error(request, said("员工至少要有一个角色。"))
        return redirect("office:staff_member", public_id=public_id)
    try:
        services.change_roles(user=user, roles=form.cleaned_data["roles"])
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("“%(name)s”的角色已修改，立即生效。") % {"name": user})
    return redirect("office:staff_member", public_id=public_id)


@require_POST
@access(SECTION.policy)
def set_active(request: HttpRequest, public_id: UUID) -> HttpResponse:
    user = _member(public_id)
    active = request.POST.get("active") == "1"
    try:
        services.set_active(user=user, active=active)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        text = said("“%(name)s”已启用。") if active else said("“%(name)s”已停用，登录立即失效。")
        messages.success(request, text % {"name": user})
    return redirect("office:staff_member", public_id=public_id)
