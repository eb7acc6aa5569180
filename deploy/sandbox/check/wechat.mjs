// Checks the simulated WeChat Pay with wechatpay-axios-plugin, which shares no code with ours: it
// signs the requests, verifies every answer, and verifies and opens notifications.
//
//   node deploy/sandbox/check/wechat.mjs http://127.0.0.1:8099
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { newKeys, poster } from "./keys.mjs";

const { Wechatpay, Rsa, Formatter, Aes } = createRequire(import.meta.url)("wechatpay-axios-plugin");
const base = process.argv[2];
const post = poster(base);
const keys = newKeys("pkcs8");
const ours = {
  serial_no: randomBytes(20).toString("hex").toUpperCase(),
  api_v3_key: randomBytes(16).toString("hex"),
};
const merchant = await post("/admin/wechat/merchants", {
  appid: `wx${randomBytes(8).toString("hex")}`,
  merchant_public_key: keys.publicKey,
  ...ours,
});
const { appid, mchid } = merchant;
const wxpay = new Wechatpay({
  baseURL: `${base}/`,
  mchid,
  serial: ours.serial_no,
  privateKey: keys.privateKey,
  certs: { [merchant.public_key_id]: merchant.public_key },
  proxy: false,
});
const { transactions } = wxpay.v3.pay;
const query = async (no) =>
  (await transactions.outTradeNo._no_.get({ no, params: { mchid } })).data;
const refusal = (call, code) =>
  assert.rejects(call, (error) => error.response?.data?.code === code, code);

const first = `N${Date.now()}A`;
const second = `N${Date.now()}B`;
const order = (out_trade_no) => ({
  appid, mchid, out_trade_no,
  description: "A100 80G × 8 & 一个月",
  notify_url: "http://127.0.0.1:1/notify",
  amount: { total: 12850, currency: "CNY" },
});

await refusal(query(first), "ORDER_NOT_EXIST");
const native = await transactions.native.post(order(first));
assert.match(native.data.code_url, /\/wechat\/cashier\//);
assert.equal((await query(first)).trade_state, "NOTPAY");
const closed = await transactions.outTradeNo._no_.close.post({ mchid }, { no: first });
assert.equal(closed.status, 204);
assert.equal((await query(first)).trade_state, "CLOSED");

const h5 = await transactions.h5.post({
  ...order(second),
  scene_info: { payer_client_ip: "203.0.113.7", h5_info: { type: "Wap" } },
});
const page = await fetch(`${h5.data.h5_url}&redirect_url=${encodeURIComponent("http://127.0.0.1:1/back")}`);
assert.match(await page.text(), /128\.50/);
await fetch(page.url, {
  method: "POST",
  body: new URLSearchParams({ action: "pay_and_stay" }),
});
const paid = await query(second);
assert.deepEqual([paid.trade_state, paid.amount.total, paid.trade_type], ["SUCCESS", 12850, "MWEB"]);
await refusal(transactions.outTradeNo._no_.close.post({ mchid }, { no: second }), "ORDERPAID");

const { refunds } = wxpay.v3.refund.domestic;
const back = { out_trade_no: second, out_refund_no: `${second}R`, reason: "未开通",
  amount: { refund: 2850, total: 12850, currency: "CNY" } };
for (let times = 0; times < 2; times += 1) {
  const refund = (await refunds.post(back)).data;
  assert.deepEqual([refund.status, refund.amount.refund], ["SUCCESS", 2850]);
}
const known = (await refunds._no_.get({ no: `${second}R` })).data;
assert.deepEqual([known.status, known.out_trade_no], ["SUCCESS", second]);
await refusal(
  refunds.post({ ...back, out_refund_no: `${second}S`, amount: { ...back.amount, refund: 10001 } }),
  "INVALID_REQUEST",
);

const verified = ({ headers, body }) => {
  const [nonce, stamp] = [headers["Wechatpay-Nonce"], headers["Wechatpay-Timestamp"]];
  return headers["Wechatpay-Serial"] === merchant.public_key_id
    && Math.abs(Formatter.timestamp() - stamp) <= 300
    && Rsa.verify(Formatter.response(stamp, nonce, body), headers["Wechatpay-Signature"] ?? "",
      Rsa.from(merchant.public_key, Rsa.KEY_TYPE_PUBLIC));
};
const opened = ({ body }) => {
  const { ciphertext, nonce, associated_data } = JSON.parse(body).resource;
  return JSON.parse(Aes.AesGcm.decrypt(ciphertext, ours.api_v3_key, nonce, associated_data));
};
for (const [signature, right] of [
  ["good", true], ["forged", false], ["altered", false], ["stale", false], ["wrong_serial", false],
]) {
  const notice = await post("/admin/wechat/notify", { out_trade_no: second, signature, deliver: false });
  assert.equal(verified(notice), right, signature);
}
const notice = await post("/admin/wechat/notify", { out_trade_no: second, deliver: false });
const facts = opened(notice);
assert.deepEqual(
  [facts.out_trade_no, facts.mchid, facts.amount.total], [second, mchid, 12850],
);
const sealed = await post("/admin/wechat/notify", {
  out_trade_no: second, signature: "unreadable", deliver: false,
});
assert.ok(verified(sealed));
assert.throws(() => opened(sealed));

const today = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10);
const { data: told } = await wxpay.v3.bill.tradebill.get({
  params: { bill_date: today, bill_type: "ALL", tar_type: "GZIP" },
});
const token = new URL(told.download_url).searchParams.get("token");
const { data: file } = await wxpay.v3.billdownload.file.get({
  params: { token }, responseType: "arraybuffer",
});
const text = gunzipSync(file);
assert.equal(createHash("sha1").update(text).digest("hex"), told.hash_value);
assert.equal(text.toString().split("\r\n").filter((line) => line.includes(second)).length, 2);

await post("/admin/faults", { part: "wechat", fault: "gateway_bad_signature", match: { mchid } });
await assert.rejects(query(second), (error) => error.code === "EV3_RES_HEADER_SIGNATURE_DIGEST");
console.log("ok: requests, answers, notifications and bills agree with wechatpay-axios-plugin");
