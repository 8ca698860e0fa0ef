// Octokit as its users use it, against a cloud and a server that are the lab's.
import { Octokit as Core } from "@octokit/core";
import { Octokit, RequestError } from "octokit";

await inEveryWorld(async (world, fetch) => {
  const quiet = { debug() {}, info() {}, warn() {}, error() {} };
  const options = { request: { fetch }, log: quiet, userAgent: "clients" };
  const limits = [];
  // Never wait: note what the plug-in read from the reply.
  const noted = (kind) => (seconds) => void limits.push([kind, seconds]);
  const throttle = { onRateLimit: noted("primary"), onSecondaryRateLimit: noted("secondary") };
  const cloud = (auth) => new Octokit({ ...options, auth, baseUrl: world.api, throttle });
  const core = (auth) => new Core({ ...options, auth, baseUrl: world.api });
  const server = new Octokit({ ...options, auth: world.tokens.server, baseUrl: `${world.server}/api/v3`, throttle });
  const enterprise = world.enterprise;
  const owner = cloud(world.tokens.cloud);

  // The viewer, by both interfaces and on both sides.
  const { data: user, headers } = await owner.rest.users.getAuthenticated();
  assert.equal(user.login, "octo-owner");
  assert.match(headers["x-oauth-scopes"], /admin:enterprise/);
  assert.equal((await owner.graphql("{ viewer { login } }")).viewer.login, "octo-owner");
  assert.equal((await server.rest.users.getAuthenticated()).data.login, "ghe-admin");
  assert.equal((await server.graphql("{ viewer { login } }")).viewer.login, "ghe-admin");
  assert.equal((await server.rest.meta.get()).data.installed_version, world.serverVersion);
  assert.equal((await owner.rest.meta.root()).data.current_user_url, `${world.api}/user`);
  assert.ok((await server.request("GET /enterprise/settings/license")).data.seats > 0);

  // The enterprise, and every page of its allow list.
  const { enterprise: account } = await owner.graphql(job.more.enterprise, { slug: enterprise });
  assert.equal(account.viewerIsAdmin, true);
  assert.equal(account.ownerInfo.ipAllowListEnabledSetting, "ENABLED");
  // The plug-in wants its own name for the cursor.
  const paged = job.more.allowList.replaceAll("$after", "$cursor");
  const list = await owner.graphql.paginate(paged, { slug: enterprise });
  const { nodes, totalCount } = list.enterprise.ownerInfo.ipAllowListEntries;
  assert.equal(nodes.length, job.more.entries);
  assert.equal(totalCount, job.more.entries);
  assert.equal(new Set(nodes.map((node) => node.allowListValue)).size, job.more.entries);

  // Lists over REST, by pages with a number and by pages with a cursor.
  const people = await owner.paginate("GET /enterprises/{enterprise}/consumed-licenses", { enterprise }, ({ data }) => data.users);
  assert.equal(new Set(people.map((person) => person.github_com_login)).size, job.more.people);
  for (const per_page of [7, 100]) {
    const events = await owner.paginate("GET /enterprises/{enterprise}/audit-log", { enterprise, per_page });
    assert.equal(new Set(events.map((event) => event._document_id)).size, job.more.events);
    assert.deepEqual(events.map((event) => event["@timestamp"]), events.map((event) => event["@timestamp"]).sort((a, b) => b - a));
  }
  const phrase = "action:business.odd";
  const odd = await owner.paginate("GET /enterprises/{enterprise}/audit-log", { enterprise, phrase, order: "asc" });
  assert.ok(odd.length > 0 && odd.length < job.more.events && odd.every((event) => event.action === "business.odd"));
  const sync = await owner.request("GET /enterprises/{enterprise}/license-sync-status", { enterprise });
  assert.equal(sync.data.server_instances[0].hostname, "ghes.corp.example");
  const statistics = await owner.request("GET /enterprise-installation/{enterprise_or_org}/server-statistics", { enterprise_or_org: enterprise });
  assert.equal(statistics.data[0].ghes_version, "3.19.1");

  // What goes wrong is one of Octokit's own errors.
  const log = (token) => core(token).request("GET /enterprises/{enterprise}/audit-log", { enterprise });
  const allowList = (token) => core(token).graphql(job.more.allowList, { slug: enterprise });
  await refused(log("ghp_nobody"), 401, /^Bad credentials/);
  await refused(allowList("ghp_nobody"), 401, /^Bad credentials/);
  await refused(log(world.tokens.narrow), 404, /^Not Found/);
  await refused(owner.request("GET /enterprises/nobody/audit-log"), 404, /^Not Found/);
  await refused(core().request("GET /user"), 401, /^Requires authentication/);
  const sso = await refused(log(world.tokens.sso), 403, /SAML/);
  assert.match(sso.response.headers["x-github-sso"], /^required; url=https:/);
  await refused(log(world.tokens.banned), 403, /./);
  await answeredWithErrors(allowList(world.tokens.narrow), "INSUFFICIENT_SCOPES");
  await answeredWithErrors(owner.graphql("{ enterprise(slug: \"nobody\") { name } }"), "NOT_FOUND");
  await answeredWithErrors(core(world.tokens.cloud).graphql("{ viewer { nothing } }"), undefined);

  // The limit is what the throttling plug-in takes for one, and it knows how long to wait.
  await refused(cloud(world.tokens.spent).request("GET /user"), 403, /^API rate limit exceeded/);
  await assert.rejects(cloud(world.tokens.spent).graphql("{ viewer { login } }"));
  assert.deepEqual(limits.map(([kind]) => kind), ["primary", "primary"]);
  assert.ok(limits.every(([, seconds]) => seconds > 0 && seconds <= 3601), JSON.stringify(limits));
  limits.length = 0;
  await refused(owner.request("GET /emojis"), 403, /secondary rate limit/);
  assert.deepEqual(limits.map(([kind]) => kind), ["secondary"]);
  assert.ok(limits[0][1] > 0, JSON.stringify(limits));
});

async function refused(request, status, message) {
  try {
    await request;
  } catch (error) {
    assert.ok(error instanceof RequestError || error.name === "HttpError", error.stack);
    assert.equal(error.status, status, error.message);
    assert.match(error.message, message);
    return error;
  }
  assert.fail(`no refusal with ${status}`);
}

async function answeredWithErrors(request, type) {
  try {
    await request;
  } catch (error) {
    assert.equal(error.name, "GraphqlResponseError", error.stack);
    assert.equal(error.errors[0].type, type);
    return;
  }
  assert.fail(`no errors of type ${type}`);
}
