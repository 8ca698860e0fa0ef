// What every script begins with: its job, and a way to the hosts of a world.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fetch, ProxyAgent } from "undici";

const job = JSON.parse(readFileSync(process.argv[2], "utf8"));

/** `fetch` on a machine in this world: through its proxy, trusting its authority. */
function fetchIn(world) {
  const dispatcher = new ProxyAgent({ uri: world.proxy, requestTls: { ca: world.authority } });
  return (url, options = {}) => fetch(url, { ...options, dispatcher });
}

const complaints = [];

/** Notes that something does not agree; all of it is told in the end. */
function complain(...words) {
  complaints.push(words.map((word) => (typeof word === "string" ? word : JSON.stringify(word))).join(" "));
}

/** Runs a part for every world, and ends the process. */
async function inEveryWorld(part) {
  await Promise.all(
    job.worlds.map(async (world) => {
      try {
        await part(world, fetchIn(world));
      } catch (error) {
        complain(`${world.name}:`, error.stack);
      }
    }),
  );
  console.error(complaints.join("\n"));
  process.exit(complaints.length === 0 ? 0 : 1);
}
