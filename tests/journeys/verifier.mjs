// Verifies requests with jose and standardwebhooks, as a receiver in Node would. A line of JSON each way:
// {number, secret, headers, body (base64)} in, {number, kid, jti} or {number, error} out.
import { createInterface } from "node:readline";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";

const [jwks, ...algorithms] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(jwks), { cooldownDuration: 0 }); // a key that it does not know is fetched at once

async function verify({ secret, headers, body }) {
  new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
  const token = headers.authorization.replace(/^Bearer /, "");
  const found = await jwtVerify(token, keys, { algorithms, issuer: "retour", requiredClaims: ["exp", "jti"] });
  return { kid: found.protectedHeader.kid, jti: found.payload.jti };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  verify(request)
    .catch((error) => ({ error: String(error) }))
    .then((said) => console.log(JSON.stringify({ number: request.number, ...said })));
}
