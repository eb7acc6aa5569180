"""The part of /office/books/ in which finance sets how the books are kept."""

from django.urls import path

from .views import books_chart as chart
from .views import books_drafts as drafts
from .views import books_periods as periods
from .views import books_reports as reports
from .views import books_rules as rules
from .views import books_vouchers as vouchers

_VERSION = "books/rules/versions/<uuid:public_id>/"
_RULE = f"{_VERSION}<int:position>/"

urlpatterns = [
    path("books/balance-sheet/", reports.BalanceSheet.as_view(), name="balance_sheet"),
    path(
        "books/balance-sheet/export.csv",
        reports.BalanceSheet.as_view(exporting=True),
        name="balance_sheet_export",
    ),
    path("books/income/", reports.IncomeStatement.as_view(), name="income"),
    path(
        "books/income/export.csv",
        reports.IncomeStatement.as_view(exporting=True),
        name="income_export",
    ),
    path("books/whole/<slug:kind>/", reports.whole_books, name="whole_books"),
    path("books/periods/", periods.Periods.as_view(), name="periods"),
    path(
        "books/periods/export.csv",
        periods.Periods.as_view(exporting=True),
        name="periods_export",
    ),
    path("books/periods/add/", periods.add_months, name="periods_add"),
    path("books/periods/<slug:start>/", periods.period, name="period"),
    path("books/periods/<slug:start>/close/", periods.close, name="period_close"),
    path("books/periods/<slug:start>/reopen/", periods.reopen, name="period_reopen"),
    path("books/rules/", rules.Rules.as_view(), name="rules"),
    path("books/rules/export.csv", rules.Rules.as_view(exporting=True), name="rules_export"),
    path(_VERSION, rules.version, name="rule_version"),
    path(f"{_VERSION}on/", rules.switch_on, name="rule_switch_on"),
    path(f"{_VERSION}withdraw/", rules.withdraw, name="rule_withdraw"),
    path(f"{_VERSION}discard/", rules.discard, name="rule_discard"),
    path(f"{_VERSION}against/<uuid:other>/", rules.compare, name="rule_compare"),
    path(f"{_VERSION}trial/", drafts.Trials.as_view(), name="rule_trial"),
    path(
        f"{_VERSION}trial/export.csv",
        drafts.Trials.as_view(exporting=True),
        name="rule_trial_export",
    ),
    path(_RULE, drafts.edit, name="rule"),
    path(f"{_RULE}check/", drafts.check, name="rule_check"),
    path(f"{_RULE}move/", drafts.move, name="rule_move"),
    path(f"{_RULE}remove/", drafts.remove, name="rule_remove"),
    path("books/rules/of/<slug:event>/", rules.rules_of, name="rules_of"),
    path("books/rules/of/<slug:event>/draft/", rules.draft, name="rules_draft"),
    path("books/rules/of/<slug:event>/off/", rules.switch_off, name="rules_off"),
    path("books/chart/add/", chart.add_account, name="account_add"),
    path("books/chart/<str:code>/", chart.edit_account, name="account_edit"),
    path("books/mappings/", chart.Mappings.as_view(), name="mappings"),
    path(
        "books/mappings/export.csv",
        chart.Mappings.as_view(exporting=True),
        name="mappings_export",
    ),
    path("books/mappings/add/", chart.add_mapping, name="mapping_add"),
    path("books/vouchers/", vouchers.Vouchers.as_view(), name="vouchers"),
    path(
        "books/vouchers/export.csv",
        vouchers.Vouchers.as_view(exporting=True),
        name="vouchers_export",
    ),
    path("books/vouchers/add/", vouchers.add, name="voucher_add"),
    path("books/vouchers/check/", vouchers.check, name="voucher_check"),
    path("books/vouchers/<uuid:public_id>/", vouchers.voucher, name="voucher"),
    path("books/vouchers/<uuid:public_id>/edit/", vouchers.edit, name="voucher_edit"),
    path("books/vouchers/<uuid:public_id>/ask/", vouchers.ask, name="voucher_ask"),
    path("books/vouchers/<uuid:public_id>/back/", vouchers.take_back, name="voucher_back"),
    path("books/vouchers/<uuid:public_id>/discard/", vouchers.discard, name="voucher_discard"),
    path("books/vouchers/<uuid:public_id>/file/", vouchers.attachment, name="voucher_file"),
    path("books/entries/<uuid:public_id>/reverse/", vouchers.reverse_entry, name="entry_reverse"),
]
