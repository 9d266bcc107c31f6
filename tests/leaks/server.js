// A server with a defect of memory, named by its first argument; its second is how many bytes a request it is
// about, its third the port.
"use strict";
const http = require("http");
const { EventEmitter } = require("events");
const fs = require("fs");

const [defect, size] = [process.argv[2] || "none", Number(process.argv[3] || 1000)];
const kept = [];
const cache = new Map();
const events = new EventEmitter();
events.setMaxListeners(0);
let requests = 0;

class Forgotten {
  constructor(bytes) {
    this.text = "x".repeat(bytes - 1) + String(requests % 10);
    this.text = Buffer.from(this.text).toString("latin1"); // a flat string of its own
  }
}

const DEFECTS = {
  none: () => {},
  leak: () => kept.push(new Forgotten(size)),
  buffer: () => kept.push(Buffer.alloc(size, 1)),
  listener: () => events.on("change", (() => { const held = new Forgotten(size); return () => held; })()),
  descriptor: () => kept.push(fs.openSync("/dev/null", "r")),
  bounded: () => {
    cache.set(requests, new Forgotten(size));
    if (cache.size > 1000) cache.delete(cache.keys().next().value);
  },
  warmup: () => { if (requests < 2000) kept.push(new Forgotten(size)); },
  burst: () => { if (requests === 3000) for (let i = 0; i < 3000; i++) kept.push(new Forgotten(size)); },
  flushed: () => { kept.push(new Forgotten(size)); if (requests % 3500 === 0) kept.length = 0; },
  timed: () => { const held = new Forgotten(size); setTimeout(() => held, 500); },
};

const server = http.createServer((request, response) => {
  if (!request.url.startsWith("/health")) {
    requests += 1;
    DEFECTS[defect]();
  }
  response.end("ok");
});
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[4] || 0), "127.0.0.1", () => console.log(`listening ${server.address().port}`));
