// Forecasts, a sweep with typed levers and an error through the types that openapi-typescript generates.
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

const defaults = await client.POST("/v1/forecasts", {
  body: { country: "DEU", scenario: { levers: [{ type: "freeze" }] } },
});
if (defaults.error) throw new Error(defaults.error.detail);

const swept: components["schemas"]["SweptPledge"] = {
  type: "pledge",
  component: { grid: ["core", "related"] },
  share_pct: { grid: [3, 3.5] },
  year: 2035,
  credibility: { from: 0, to: 1, steps: 3 },
};
const sweep = await client.POST("/v1/sweeps", { body: { countries: ["DEU"], scenario: { levers: [swept] } } });
if (sweep.error) throw new Error(sweep.error.detail);

const refused = await client.GET("/v1/countries/{code}/forecast", {
  params: { path: { code: "DEU" }, query: { deadline: 1990 } },
});

console.log(
  JSON.stringify({
    get: asked.data.targets[0]?.probability?.at_deadline,
    post: posted.data.targets[0]?.probability?.at_deadline,
    defaults: defaults.data.id,
    sweep: [sweep.data.axes, sweep.data.evaluations],
    error: refused.error?.errors?.[0]?.parameter,
  }),
);
