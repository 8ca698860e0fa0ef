// The program's documents and the lab's schema against GitHub's, and the lab's answers against what graphql-js makes of them.
import { schema as published } from "@octokit/graphql-schema";
import { buildSchema, execute, isEnumType, isInputObjectType, isObjectType, isUnionType, parse, validate } from "graphql";

// As published it defines two fields twice.
const github = buildSchema(published.idl, { assumeValidSDL: true });

for (const [name, text] of Object.entries(job.more.documents)) {
  for (const error of validate(github, parse(text))) complain(`${name} is not GitHub's:`, error.message);
}
compareSchemas(buildSchema(job.more.schema));
await inEveryWorld(async (world, fetch) => {
  const sides = [
    { url: `${world.api}/graphql`, token: world.tokens.cloud, enterprise: world.enterprise },
    { url: `${world.server}/api/graphql`, token: world.tokens.server, enterprise: world.serverEnterprise },
  ];
  for (const side of sides) {
    const ask = (query, variables) => answerOf(fetch, side, query, variables);
    for (const [name, text] of Object.entries({ ...job.more.documents, ...job.more.probes })) {
      await pages(`${world.name} ${side.url} ${name}`, text, { slug: side.enterprise }, ask);
    }
    const nobody = await ask("query($slug: String!) { asked: enterprise(slug: $slug) { name } viewer { login } }", { slug: "nobody" });
    const [error] = nobody.body.errors ?? [];
    if (error?.type !== "NOT_FOUND" || error.path?.[0] !== "asked" || nobody.body.data?.asked !== null) {
      complain("an account that is not there is", nobody.body);
    }
    for (const text of job.more.mistakes) {
      assert.notEqual(validate(github, parse(text)).length, 0, `graphql-js takes ${text}`);
      const { status, body } = await ask(text, { slug: side.enterprise });
      if (status !== 200 || !body.errors?.length || "data" in body) complain("the lab takes", text, body);
    }
  }
});

/** Everything in the lab's schema is in GitHub's, and alike. */
function compareSchemas(lab) {
  const args = (field) => field.args.map((arg) => `${arg.name}: ${arg.type} = ${JSON.stringify(arg.defaultValue)}`).sort().join();
  for (const [name, type] of Object.entries(lab.getTypeMap())) {
    if (name.startsWith("__")) continue;
    const real = github.getType(name);
    if (real?.constructor !== type.constructor) complain(`${name} is no such type at GitHub`);
    else if (isObjectType(type) || isInputObjectType(type)) {
      for (const [key, field] of Object.entries(type.getFields())) {
        const there = real.getFields()[key];
        if (`${there?.type}` !== `${field.type}`) complain(`${name}.${key} is ${field.type}, at GitHub ${there?.type}`);
        else if (field.args && args(there) !== args(field)) complain(`${name}.${key}(${args(field)}), at GitHub (${args(there)})`);
      }
    } else if (isEnumType(type)) {
      const values = (type) => type.getValues().map((value) => value.name).sort();
      for (const value of values(type)) if (!values(real).includes(value)) complain(`${name}.${value} is not at GitHub`);
    } else if (isUnionType(type)) {
      const types = (type) => type.getTypes().map((type) => type.name).sort().join();
      if (types(real) !== types(type)) complain(`${name} is ${types(type)}, at GitHub ${types(real)}`);
    }
  }
}

/** All pages of a document that has pages. */
async function pages(name, text, variables, ask) {
  const document = parse(text);
  for (let after = null, page = 1; page <= 20; page++) {
    const { status, body } = await ask(text, { ...variables, after });
    if (status !== 200 || body.errors) return complain(name, "is not answered:", body);
    const again = replay(document, body.data, { ...variables, after });
    if (again.errors) complain(name, "is answered by what is not GitHub's:", again.errors.map(String));
    const [given, expected] = [JSON.stringify(body.data), JSON.stringify(again.data)];
    if (given !== expected) complain(name, `has ${given}\n  graphql-js makes ${expected} of it`);
    after = body.data.enterprise?.ownerInfo?.ipAllowListEntries?.pageInfo;
    if (!after?.hasNextPage) return;
    after = after.endCursor;
  }
  complain(name, "has no last page");
}

/** Executes a document over its own answer: what comes out has GitHub's shape, and so it has to be the answer. */
function replay(document, data, variableValues) {
  return execute({
    schema: github,
    document,
    variableValues,
    rootValue: data,
    fieldResolver: (source, _args, _context, info) => source[info.path.key],
    typeResolver: (value) => value.__typename,
  });
}

async function answerOf(fetch, side, query, variables) {
  const reply = await fetch(side.url, {
    method: "POST",
    headers: { authorization: `bearer ${side.token}`, "content-type": "application/json" },
    body: JSON.stringify({ query, variables }),
  });
  return { status: reply.status, body: await reply.json() };
}
