// An SMSC on the npm package smpp. A line of JSON each way: commands in ({do, ...}), what happens out ({event, ...}).
// The last digit of the number decides what becomes of a message; a receipt is sent until it is taken, on whichever
// session is there, and survives a restart, as an SMSC's store does.
import { createInterface } from "node:readline";
import smpp from "smpp";

const FATES = {
  0: [["DELIVRD", "000"]],
  1: [["UNDELIV", "001"]],
  2: [["ENROUTE", "000"], ["DELIVRD", "000"]],
  3: [["EXPIRED", "027"]],
  4: [["REJECTD", "088"]],
};
const REFUSED = { 5: smpp.ESME_RTHROTTLED, 6: smpp.ESME_RMSGQFUL, 8: smpp.ESME_RINVDSTADR };
const CUTS = "7";
const STATES = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, UNDELIV: 5, REJECTD: 8 };
const legacy = process.argv[2] === "legacy"; // receipts by text alone, with ids in decimal

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const refusals = new Map();
const receipts = [];
let sessions = [];
let holding = false;
let number = 0x1000000;
let server = null;

function text(content) {
  return Buffer.isBuffer(content) ? content.toString("latin1") : content;
}

function submitted(session, pdu) {
  const to = pdu.destination_addr;
  const content = pdu.short_message;
  tell("submit", { to, text: text(content.message), parts: content.udh ? 1 : 0, validity: String(pdu.validity_period) });
  const fate = to.slice(-1);
  if (fate === CUTS) return session.socket.destroy();
  const times = refusals.get(to) ?? 0;
  if (REFUSED[fate] && (fate === "8" || times < 1)) {
    refusals.set(to, times + 1);
    return session.send(pdu.response({ command_status: REFUSED[fate] }));
  }
  const id = (number += 7).toString(16).toUpperCase();
  session.send(pdu.response({ message_id: id }));
  const failed = (state) => state !== "DELIVRD" && state !== "ENROUTE";
  for (const [state, err] of FATES[fate] ?? FATES[0]) {
    const wanted = pdu.registered_delivery & 3;
    if (wanted === 1 || (wanted === 2 && failed(state))) receipts.push({ id, state, err, from: to, to: pdu.source_addr });
  }
  setImmediate(deliver);
}

function deliver() {
  const session = sessions.at(-1);
  const one = receipts[0];
  if (holding || !session || !one || one.sent === session) return;
  one.sent = session;
  const id = legacy ? String(parseInt(one.id, 16)).padStart(10, "0") : one.id;
  const words = `id:${id} sub:001 dlvrd:000 submit date:2611302100 done date:2611302101 stat:${one.state} err:${one.err} text:`;
  const tlvs = legacy ? {} : { receipted_message_id: one.id, message_state: STATES[one.state] };
  const pdu = { source_addr: one.from, source_addr_ton: 1, destination_addr: one.to, esm_class: 4, short_message: words, ...tlvs };
  session.deliver_sm(pdu, (answer) => {
    tell("answered", { id: one.id, state: one.state, status: answer.command_status });
    if (answer.command_status === 0) receipts.splice(receipts.indexOf(one), 1);
    else one.sent = null;
    setTimeout(deliver, answer.command_status === 0 ? 0 : 20);
  });
}

function connected(session) {
  session.on("error", () => {});
  session.on("close", () => {
    sessions = sessions.filter((one) => one !== session);
    tell("closed");
  });
  session.on("bind_transceiver", (pdu) => {
    const good = pdu.password === "secret";
    session.send(pdu.response(good ? { system_id: "NODE" } : { command_status: smpp.ESME_RINVPASWD }));
    if (!good) return;
    sessions.push(session);
    tell("bound", { system: pdu.system_id, version: pdu.interface_version });
    setImmediate(deliver);
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
}

function listen(port) {
  server = smpp.createServer({}, connected);
  server.listen(port, "127.0.0.1", () => tell("listening", { port: server.address().port }));
}

const COMMANDS = {
  hold: () => (holding = true),
  release: () => {
    holding = false;
    deliver();
  },
  reply: ({ from, to, text }) => sessions.at(-1).deliver_sm({ source_addr: from, source_addr_ton: 1, destination_addr: to, short_message: text }, (answer) => tell("reply_answered", { status: answer.command_status })),
  restart: () => {
    const { port } = server.address();
    for (const session of sessions) session.socket.destroy();
    server.close(() => listen(port));
  },
};

listen(0);
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  COMMANDS[command.do](command);
  tell("did", { what: command.do });
}
process.exit(0);
