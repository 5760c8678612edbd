// A forecast through the generated types: by GET, by POST with a scenario of one's own, and an error.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const client = createClient<paths, "application/json" | "application/problem+json">({ baseUrl: process.argv[2] ?? "" });

const asked = await client.GET("/v1/countries/{code}/forecast", {
  params: { path: { code: "DEU" }, query: { deadline: 2030, quantiles: [0.1, 0.5] } },
});
if (asked.error) throw new Error(asked.error.detail);

const pledge: components["schemas"]["LeverPledge"] = {
  type: "pledge",
  share_pct: 3.5,
  year: 2035,
  credibility: "learned",
};
const scenario: components["schemas"]["Scenario"] = {
  name: "half way, after a recession",
  levers: [{ type: "gdp_growth", change_pp: -3, from: 2027, to: 2027 }, pledge],
};
const posted = await client.POST("/v1/forecasts", {
  body: { country: "ESP", scenario, targets: { deadline: 2032 } },
});
if (posted.error) throw new Error(posted.error.detail);

const refused = await client.GET("/v1/countries/{code}/forecast", {
  params: { path: { code: "DEU" }, query: { deadline: 1990 } },
});

console.log(
  JSON.stringify({
    get: asked.data.targets[0]?.probability?.at_deadline,
    post: posted.data.targets[0]?.probability?.at_deadline,
    error: refused.error?.errors?.[0]?.parameter,
  }),
);
