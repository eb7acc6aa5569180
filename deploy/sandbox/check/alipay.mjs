// Checks the simulated payment provider with Alipay's own Node client, which shares no code with
// ours: it signs the requests, verifies every answer over its raw node, and verifies notifications.
//
//   TZ=Asia/Shanghai node deploy/sandbox/check/alipay.mjs http://127.0.0.1:8099
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { newKeys, poster } from "./keys.mjs";

const { AlipaySdk } = createRequire(import.meta.url)("alipay-sdk");
const base = process.argv[2];
const keys = newKeys("pkcs1");
const post = poster(base);

const appId = `2021${Date.now()}`;
const merchant = await post("/admin/alipay/merchants", {
  app_id: appId,
  merchant_public_key: keys.publicKey,
});
const sdk = new AlipaySdk({
  appId,
  privateKey: keys.privateKey,
  alipayPublicKey: merchant.alipay_public_key,
  gateway: merchant.gateway_url,
  keyType: "PKCS1",
});
const call = (method, bizContent) =>
  sdk.exec(method, { bizContent }, { validateSign: true });

const first = `N${Date.now()}A`;
const second = `N${Date.now()}B`;
const order = (out_trade_no, more = {}) => ({
  out_trade_no, subject: "A100 80G × 8 & 一个月", total_amount: "128.50", ...more,
});

const qr = await call("alipay.trade.precreate", order(first));
assert.equal(qr.code, "10000");
assert.match(qr.qrCode, /\/alipay\/cashier\//);
assert.equal((await call("alipay.trade.query", { out_trade_no: first })).subCode, "ACQ.TRADE_NOT_EXIST");
assert.equal((await fetch(qr.qrCode)).status, 200);
assert.equal((await call("alipay.trade.query", { out_trade_no: first })).tradeStatus, "WAIT_BUYER_PAY");
assert.equal((await call("alipay.trade.close", { out_trade_no: first })).code, "10000");

const url = sdk.pageExec("alipay.trade.page.pay", "GET", {
  bizContent: order(second, { product_code: "FAST_INSTANT_TRADE_PAY" }),
  returnUrl: "http://127.0.0.1:1/back",
  notifyUrl: "http://127.0.0.1:1/notify",
});
const page = await fetch(url);
assert.match(await page.text(), /128\.50/);
await post("/admin/alipay/pay", { out_trade_no: second });
const paid = await call("alipay.trade.query", { out_trade_no: second });
assert.deepEqual([paid.tradeStatus, paid.totalAmount], ["TRADE_SUCCESS", "128.50"]);

const refund = await call("alipay.trade.refund", {
  out_trade_no: second, refund_amount: "28.50", out_request_no: "R1",
});
assert.deepEqual([refund.code, refund.fundChange], ["10000", "Y"]);
const known = await call("alipay.trade.fastpay.refund.query", {
  out_trade_no: second, out_request_no: "R1",
});
assert.deepEqual([known.refundStatus, known.refundAmount], ["REFUND_SUCCESS", "28.50"]);

for (const [signature, right] of [["good", true], ["forged", false], ["altered", false]]) {
  const notice = await post("/admin/alipay/notify", { out_trade_no: second, signature, deliver: false });
  const fields = Object.fromEntries(new URLSearchParams(notice.body));
  assert.equal(sdk.checkNotifySignV2(fields), right, signature);
}
await post("/admin/faults", {
  part: "alipay", fault: "gateway_bad_signature", match: { out_trade_no: second },
});
await assert.rejects(call("alipay.trade.query", { out_trade_no: second }));
console.log("ok: requests, answers and notifications agree with alipay-sdk for Node");
