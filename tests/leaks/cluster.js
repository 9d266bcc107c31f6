// Two workers beside their primary, as Node's own cluster makes them.
"use strict";
const cluster = require("cluster");
const http = require("http");

const WORKERS = 2;

if (cluster.isPrimary) {
  let up = 0;
  cluster.on("message", () => {
    up += 1;
    if (up === WORKERS) console.log("up");
  });
  for (let i = 0; i < WORKERS; i++) cluster.fork();
} else {
  http.createServer((request, response) => response.end("ok")).listen(0, "127.0.0.1", () => process.send("up"));
}
