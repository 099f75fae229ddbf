// The same three commands on the library Emmett, as its documentation shows them, on PostgreSQL.

import { randomUUID } from "node:crypto";
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.PEER_HOME + "/");
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const emmett = await load("@event-driven-io/emmett");
const postgresql = await load("@event-driven-io/emmett-postgresql");
const CommandHandler = emmett.CommandHandler ?? emmett.default.CommandHandler;
const open = postgresql.getPostgreSQLEventStore ?? postgresql.default.getPostgreSQLEventStore;

const store = open(process.env.PEER_DATABASE);
await store.schema.migrate();

const evolve = (state, { type }) => {
  switch (type) {
    case "Reported": return { status: "new" };
    case "Acknowledged": return { ...state, status: "in-progress" };
    case "Resolved": return { ...state, status: "resolved" };
    default: return state;
  }
};
const handle = CommandHandler({ evolve, initialState: () => ({ status: "" }) });

const decide = {
  report: (body) => () => ({ type: "Reported", data: body }),
  acknowledge: () => (state) => {
    if (state.status !== "new") throw new Error("not new");
    return { type: "Acknowledged", data: {} };
  },
  resolve: (body) => (state) => {
    if (state.status === "resolved") throw new Error("resolved already");
    return { type: "Resolved", data: body };
  },
};
const did = { report: "reported", acknowledge: "acknowledged", resolve: "resolved" };

const answer = async (url, text) => {
  const [, , id = randomUUID(), path = "report"] = url.split("/");
  const result = await handle(store, `incident-${id}`, decide[path](JSON.parse(text || "{}")));
  const version = Number(result.nextExpectedStreamVersion);
  return [path === "report" ? 201 : 200, { incident_id: id, version, did: did[path] }];
};

http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", async () => {
    let status, body;
    try {
      [status, body] = request.method === "POST"
        ? await answer(request.url, Buffer.concat(parts).toString()) : [200, {}];
    } catch (error) {
      [status, body] = [500, { error: String(error) }];
    }
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body));
  });
}).listen(Number(process.env.PEER_PORT), "127.0.0.1");
