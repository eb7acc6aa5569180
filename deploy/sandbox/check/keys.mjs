// What every check needs: a fresh pair of keys, and the sandbox's admin API.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";

export const newKeys = (type) =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type, format: "pem" },
  });

export const poster = (base) => async (path, body) => {
  const answer = await fetch(base + path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, path);
  return answer.json();
};
