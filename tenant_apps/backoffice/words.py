"""Codes as people read them. A test holds `ACTIONS` to every action that the code records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

Words = Mapping[str, str | Promise]

ACTIONS: Final[Words] = {
    "agreement.activate": _("供销协议生效"),
    "agreement.draft": _("起草供销协议"),
    "agreement.terminate": _("终止供销协议"),
    "balance.export": _("导出余额明细"),
    "bank_payout.move": _("提现进展"),
    "bank_payout.request": _("申请提现到银行"),
    "cart.add": _("加入购物车"),
    "cart.change": _("修改购物车"),
    "cart.remove": _("移出购物车"),
    "catalog.import": _("导入产品目录"),
    "customer.assign": _("指派负责销售"),
    "customer.change_company": _("修改客户单位"),
    "customer.enrol": _("客户注册"),
    "customer.notify": _("发送站内通知"),
    "customer.read_notice": _("阅读通知"),
    "customer.read_notices": _("通知全部标为已读"),
    "customer.start_recharge": _("发起充值"),
    "customer.tell": _("发送短信通知"),
    "distributor.change_branding": _("修改品牌"),
    "distributor.found": _("开设分销商"),
    "fx_rate.state": _("登记汇率"),
    "gift.move": _("赠送余额审核"),
    "gift.propose": _("提出赠送余额"),
    "hold.capture": _("冻结款扣款"),
    "hold.place": _("冻结款项"),
    "hold.release": _("冻结款解冻"),
    "hold.undo_capture": _("已扣款退回余额"),
    "hub.load": _("更新枢纽节点"),
    "invoice.ask": _("申请发票"),
    "invoice.consumed": _("登记可开票消费"),
    "invoice.download": _("下载发票"),
    "invoice.issue": _("开具发票"),
    "invoice.reject": _("驳回发票申请"),
    "invoice.remove_title": _("删除发票抬头"),
    "invoice.returned": _("退款冲减可开票消费"),
    "invoice.reverse": _("红冲发票"),
    "invoice.save_title": _("保存发票抬头"),
    "invoice.send": _("发票发送到邮箱"),
    "invoice.withdraw": _("撤回发票申请"),
    "ledger.ask_voucher": _("提交凭证复核"),
    "ledger.discard_rules": _("丢弃分录规则草稿"),
    "ledger.discard_voucher": _("删除凭证草稿"),
    "ledger.draft_rules": _("起草分录规则"),
    "ledger.map_party": _("设置机构科目对照"),
    "ledger.move_rule": _("调整分录规则顺序"),
    "ledger.open_account": _("新增科目"),
    "ledger.open_books": _("建账"),
    "ledger.open_period": _("新增会计期间"),
    "ledger.post_voucher": _("凭证复核入账"),
    "ledger.remove_rule": _("删除草稿中的分录规则"),
    "ledger.rename_account": _("修改科目名称"),
    "ledger.reverse": _("冲销分录"),
    "ledger.save_rule": _("修改分录规则"),
    "ledger.save_voucher": _("编制手工凭证"),
    "ledger.set_account_active": _("启用或停用科目"),
    "ledger.set_period_state": _("结账或反结账"),
    "ledger.switch_on_rules": _("启用分录规则"),
    "ledger.take_back_voucher": _("撤回凭证"),
    "ledger.withdraw_rules": _("撤回分录规则"),
    "line_refund.ask": _("申请退款"),
    "line_refund.finish": _("退款申请结果"),
    "lot.enter": _("款项存入余额"),
    "lot.expire": _("余额过期"),
    "lot.revive": _("延长余额有效期"),
    "merchant_account.connect": _("开通收款账户"),
    "obligation.permit_refund": _("平台同意退还已使用部分"),
    "obligation.refund": _("退款冲减上下级往来"),
    "obligation.sale": _("形成上下级往来"),
    "offering.move": _("产品上下架"),
    "offline_recharge.move": _("线下充值审核"),
    "offline_recharge.submit": _("提交线下充值"),
    "office.export": _("导出列表"),
    "order.cancel": _("取消订单"),
    "order.finish": _("订单完成"),
    "order.pay": _("订单支付"),
    "order.place": _("提交订单"),
    "order.start_payment": _("发起支付"),
    "order_line.failed": _("开通失败，款项解冻"),
    "order_line.open": _("已开通，款项扣款"),
    "order_line.refunded": _("退订并退款"),
    "outbox.ask_retry": _("要求重新投递事件"),
    "outbox.retry": _("重新投递事件"),
    "payment.close": _("支付单关闭"),
    "payment.notification_refused": _("拒收支付通知"),
    "payment.start": _("创建支付单"),
    "payment.succeed": _("支付成功"),
    "plan.link": _("对应供应商套餐"),
    "plan.offer_terms": _("按月销售产品"),
    "price.set": _("修改目录价"),
    "pricing.set_retail_percent": _("修改零售折扣"),
    "reconciliation.no_bill": _("对账：未取得账单"),
    "reconciliation.run": _("对账：比对完成"),
    "reconciliation.start": _("发起对账"),
    "reconciliation.treat": _("处理对账差异"),
    "reconciliation.upload": _("上传渠道账单"),
    "refund.finish": _("退款结果"),
    "refund.request": _("发起退款"),
    "resource.end": _("资源已结束"),
    "resource.extend": _("续费延长使用时间"),
    "resource.fit": _("使用时间随付费调整"),
    "resource.not_renewed": _("自动续费没有成功"),
    "resource.open": _("资源开通"),
    "resource.remind": _("提醒资源即将到期"),
    "resource.reveal_access": _("查看访问方式"),
    "resource.set_auto_renew": _("修改自动续费"),
    "resource.terminate": _("释放资源"),
    "staff.add": _("新增员工"),
    "staff.change_roles": _("修改员工角色"),
    "supplier.assign_hub": _("指派枢纽节点"),
    "supplier.connect": _("设置供应商接入"),
    "supplier.move": _("供应商状态变更"),
    "supplier.register": _("登记供应商"),
    "terms.agree": _("约定结算条款"),
    "token.issue": _("签发访问令牌"),
    "token.revoke": _("停用访问令牌"),
    "user.begin_signup": _("开始注册"),
    "user.change_phone": _("修改手机号"),
    "user.log_in": _("登录"),
    "user.log_in_failed": _("登录未成功"),
    "user.log_out": _("退出登录"),
    "user.prove_phone": _("手机号验证通过"),
    "user.register": _("用户注册"),
    "user.rename": _("修改称呼"),
    "user.set_active": _("启用或停用账号"),
    "user.set_password": _("修改密码"),
    "withdrawal.request": _("申请提现"),
    "waterfall.freeze": _("锁定各级结算价"),
    "work_order.move": _("工单进展"),
    "work_order.open_order": _("派单"),
}

FAMILIES: Final[Words] = {
    "agreement": _("供销协议"),
    "balance": _("余额"),
    "bank_payout": _("提现"),
    "cart": _("购物车"),
    "catalog": _("产品目录"),
    "customer": _("客户"),
    "distributor": _("分销商"),
    "fx_rate": _("汇率"),
    "gift": _("赠送余额"),
    "hold": _("冻结款"),
    "hub": _("枢纽节点"),
    "invoice": _("发票"),
    "ledger": _("账簿"),
    "line_refund": _("订单退款"),
    "lot": _("余额批次"),
    "merchant_account": _("收款账户"),
    "obligation": _("上下级往来"),
    "offering": _("产品"),
    "offline_recharge": _("线下充值"),
    "office": _("后台"),
    "order": _("订单"),
    "order_line": _("订单项目"),
    "outbox": _("事件"),
    "payment": _("支付"),
    "plan": _("套餐"),
    "price": _("目录价"),
    "pricing": _("售价"),
    "reconciliation": _("对账"),
    "refund": _("退款"),
    "resource": _("资源"),
    "staff": _("员工"),
    "supplier": _("供应商"),
    "terms": _("结算条款"),
    "token": _("访问令牌"),
    "user": _("用户"),
    "waterfall": _("结算价"),
    "withdrawal": _("提现"),
    "work_order": _("工单"),
}

ACTOR_KINDS: Final[Words] = {
    "STAFF": _("员工"),
    "CUSTOMER": _("客户"),
    "SYSTEM": _("系统"),
    "PROVIDER": _("外部机构"),
    "ANONYMOUS": _("未登录"),
}

# Kinds of entries that no rule of the distributor's names.
ENTRY_KINDS: Final[Words] = {"reversal": _("冲销"), "adjustment": _("手工凭证")}

# Why a notification was not believed: the first word of its reason.
REFUSALS: Final[Words] = {
    "MALFORMED": _("内容不完整"),
    "UNSIGNED": _("没有签名"),
    "WEAK_SIGNATURE": _("签名算法不安全"),
    "BAD_SIGNATURE": _("签名不符，可能是伪造"),
    "FOREIGN_APP": _("不是本店的应用"),
    "FOREIGN_SELLER": _("收款方不是本店"),
    "FOREIGN_CURRENCY": _("币种不符"),
    "UNKNOWN_ORDER": _("本店没有这笔支付单"),
    "WRONG_AMOUNT": _("金额与支付单不符"),
    "WAITING": _("等待付款的进度通知"),
    "REFUND": _("退款进度通知"),
    "CLOSED": _("交易关闭通知"),
}

# Events of the outbox.
TOPICS: Final[Words] = {
    "payment.succeeded": _("支付成功"),
    "payment.check": _("查询支付结果"),
    "refund.check": _("查询退款结果"),
    "order.paid": _("订单已支付，派单"),
    "order.expire": _("订单支付到期"),
    "line.refunded": _("退款后释放资源"),
    "work_order.due": _("工单下一步"),
    "reconciliation.due": _("核对渠道账单"),
    "invoice.decided": _("发票处理结果"),
    "supplier.changed": _("供应商变更"),
    "resource.end": _("资源到期"),
    "customer.notice": _("通知客户"),
    "lot.expire": _("赠送余额到期"),
    "lot.expiring": _("提醒余额将到期"),
    "gift.given": _("赠送余额到账"),
    "offline_recharge.decided": _("线下充值审核结果"),
    "bank_payout.moved": _("提现进展"),
    "refund.failed": _("退款未成功"),
}


def action(code: str) -> str:
    return str(ACTIONS.get(code, code))


def family(code: str) -> str:
    return str(FAMILIES.get(code, code))


def actor_kind(code: str) -> str:
    return str(ACTOR_KINDS.get(code, code))


def refusal(reason: str) -> str:
    """The sentence of a stored reason; its detail stays behind the colon."""
    code, _colon, detail = reason.partition(":")
    said = str(REFUSALS.get(code.strip(), code))
    detail = detail.strip()
    return gettext("%(said)s：%(detail)s") % {"said": said, "detail": detail} if detail else said


def topic(code: str) -> str:
    return str(TOPICS.get(code, code))
