// The lab's replies over REST against GitHub's OpenAPI descriptions of the cloud and of each server version.
import { createRequire } from "node:module";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const require = createRequire(import.meta.url);
const descriptions = new Map();

await inEveryWorld(async (world, fetch) => {
  const version = world.serverVersion.split(".").slice(0, 2).join(".");
  const cloud = sideOf("ghec", world.api, { authorization: `bearer ${world.tokens.cloud}` });
  const server = sideOf(`ghes-${version}`, `${world.server}/api/v3`, { authorization: `token ${world.tokens.server}` });
  const basic = Buffer.from(world.manage.join(":")).toString("base64");
  const manage = sideOf(`ghes-${version}`, `${world.server}:8443`, { authorization: `Basic ${basic}` });
  const questions = [
    ...["/", "/meta", "/user"].flatMap((path) => [[cloud, path], [server, path]]),
    [cloud, "/enterprises/{enterprise}/license-sync-status"],
    [cloud, "/enterprises/{enterprise}/consumed-licenses"],
    [cloud, "/enterprises/{enterprise}/audit-log"],
    [cloud, "/enterprise-installation/{enterprise_or_org}/server-statistics"],
    [server, "/enterprise/settings/license"],
    [server, "/enterprises/{enterprise}/audit-log"],
    ...job.more.manage.map((path) => [manage, `/manage/v1/${path}`]),
  ];
  for (const [side, template] of questions) {
    const slug = side === cloud ? world.enterprise : world.serverEnterprise;
    const path = template.replace(/\{.*\}/, slug);
    let url = `${side.base}${path}`;
    for (let page = 1; url !== undefined && page <= 20; page++) {
      const reply = await fetch(url, { headers: { ...side.headers, accept: "application/json" } });
      compare(`${world.name} ${url}`, side.description, template, reply, await reply.text());
      url = /<([^>]*)>; rel="next"/.exec(reply.headers.get("link") ?? "")?.[1];
    }
    if (url !== undefined) complain(url, "is not the last page after twenty");
  }
});

function sideOf(name, base, headers) {
  if (!descriptions.has(name)) {
    const document = require(`./node_modules/@octokit/openapi/generated/${name}.json`);
    const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
    addFormats(ajv);
    ajv.addSchema(document, "github");
    descriptions.set(name, { name, document, ajv });
  }
  headers = job.more.anonymous ? {} : headers;
  return { base, headers, description: descriptions.get(name) };
}

/** Complains of a reply that the description does not have. */
function compare(subject, description, template, reply, body) {
  const operation = description.document.paths[template]?.get;
  if (operation === undefined) return complain(subject, `is not in ${description.name}`);
  const expected = job.more.statuses;
  const status = reply.status;
  if (!expected.includes(status)) return complain(subject, `answers ${status}: ${body.slice(0, 300)}`);
  if (status === 401 && template.startsWith("/manage/")) return;
  let pointer = ["components", "schemas", "basic-error"];
  if (status === 200) {
    const type = reply.headers.get("content-type").split(";")[0];
    if (operation.responses[200].content[type] === undefined) return complain(subject, `is ${type}`);
    pointer = ["paths", template, "get", "responses", "200", "content", type, "schema"];
  }
  const value = JSON.parse(body);
  const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
  const validate = description.ajv.compile({ $ref: `github#/${escaped.join("/")}` });
  // Some of the published examples are not as published, either.
  const errors = errorsOf(validate, value);
  for (const example of examples(pointer, description.document)) errorsOf(validate, example).forEach((error) => errors.delete(error));
  if (errors.size > 0) complain(`${subject} is not as in ${description.name}:`, [...errors].slice(0, 10).join("; "));
  const schema = pointer.reduce((node, part) => node[part], description.document);
  // An event carries whatever belongs to its action.
  if (!template.endsWith("/audit-log") || status !== 200) {
    const unknown = new Set(unpublished(value, [schema], description.document));
    if (unknown.size > 0) complain(`${subject} has what is not in ${description.name}:`, [...unknown].join(", "));
  }
}

function errorsOf(validate, value) {
  const errors = validate(value) ? [] : validate.errors;
  return new Set(errors.map((error) => `${error.instancePath.replace(/\d+/g, "N")} ${error.message}`));
}

function examples(pointer, document) {
  const { examples = {} } = pointer.slice(0, -1).reduce((node, part) => node[part], document);
  return Object.values(examples).map((example) => document.components.examples[example.$ref?.split("/").pop()]?.value);
}

/** The fields of a value that none of the schemas names. */
function* unpublished(value, schemas, document, path = "") {
  const all = schemas.flatMap((schema) => [...flat(schema, document)]);
  if (Array.isArray(value)) {
    const items = all.flatMap((schema) => schema.items ?? []);
    for (const item of value.slice(0, 50)) yield* unpublished(item, items, document, `${path}[]`);
  } else if (value !== null && typeof value === "object") {
    // Where no field is named any is possible.
    if (!all.some((schema) => schema.properties)) return;
    for (const [key, field] of Object.entries(value)) {
      const named = all.flatMap((schema) => schema.properties?.[key] ?? []);
      const others = all.flatMap((schema) => (typeof schema.additionalProperties === "object" ? schema.additionalProperties : []));
      if (named.length + others.length === 0) yield `${path}.${key}`;
      else yield* unpublished(field, [...named, ...others], document, `${path}.${key}`);
    }
  }
}

/** A schema with its references and alternatives, side by side. */
function* flat(schema, document) {
  if (schema.$ref) {
    yield* flat(schema.$ref.split("/").slice(1).reduce((node, part) => node[part], document), document);
    return;
  }
  yield schema;
  for (const part of [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])]) yield* flat(part, document);
}
