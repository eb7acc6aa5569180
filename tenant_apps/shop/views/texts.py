"""Terms, help and about: plain text, the same on every shop but for the name on it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import Anyone, access
from tenant_apps.orders.services.placing import TERMS_VERSION


def _text(
    request: HttpRequest, title: str, sections: list[dict[str, Any]], version: str = ""
) -> HttpResponse:
    return render(
        request,
        "shop/text.html",
        {"title": title, "version": version, "sections": sections, "section": ""},
    )


@access(Anyone)
def terms(request: HttpRequest) -> HttpResponse:
    name = distributor_of(request).name
    return _text(
        request,
        _("服务条款"),
        [
            {
                "heading": _("一、价格与下单"),
                "paragraphs": [
                    _(
                        "页面标价为每小时价格，以人民币计。提交订单时价格锁定；如提交前价格有变化，我们会先请您确认。"
                    ),
                    _("订单须在 30 分钟内付款，逾期自动取消，不产生费用。"),
                ],
            },
            {
                "heading": _("二、付款与开通"),
                "paragraphs": [
                    _("付款后款项先冻结，资源开通成功才扣款。"),
                    _("任何一台未能开通，对应款项全额退回：余额付款即时解冻，支付宝付款原路退回。"),
                ],
            },
            {
                "heading": _("三、使用与到期"),
                "paragraphs": [
                    _("资源自开通时起计时，到期自动释放，其中的数据不予保留，请提前备份。"),
                    _("竞价资源价格较低，供应商可能提前收回，请只用于可中断的任务。"),
                ],
            },
            {
                "heading": _("四、服务方"),
                "paragraphs": [
                    _("资源由页面标明的供应商提供，%(name)s 负责销售、收款与售后。")
                    % {"name": name},
                ],
            },
        ],
        version=TERMS_VERSION,
    )


@access(Anyone)
def help_page(request: HttpRequest) -> HttpResponse:
    return _text(
        request,
        _("使用帮助"),
        [
            {
                "heading": _("怎样找到合适的算力"),
                "paragraphs": [
                    _(
                        "在搜索框输入型号（A100）、卡数（8 卡）、显存（80G）、地域或预算，也可以用一句话描述。"
                    ),
                    _("在选购页勾选“对比”，最多四款并排比较。"),
                ],
            },
            {
                "heading": _("怎样进入资源"),
                "paragraphs": [
                    _("开通后在“我的资源”中打开资源页，点击“显示访问方式”。每次查看都会留下记录。"),
                ],
            },
            {
                "heading": _("付款后没有反应"),
                "paragraphs": [
                    _("支付结果通常 1 分钟内确认，请勿重复支付。重复支付的款项会自动原路退回。"),
                ],
            },
        ],
    )


@access(Anyone)
def about(request: HttpRequest) -> HttpResponse:
    shop = distributor_of(request)
    paragraphs = [shop.about] if shop.about else []
    if shop.service_phone:
        paragraphs.append(_("客服电话：%(phone)s") % {"phone": shop.service_phone})
    return _text(
        request,
        _("关于%(name)s") % {"name": shop.name},
        [{"heading": shop.legal_name, "paragraphs": paragraphs}],
    )
